//! What is waited for, and looked at.

use std::time::{Duration, Instant};

use kube::core::DynamicObject;
use pingone_aic_simulator::tenant::LockState;
use serde_json::Value;

use crate::arena::{Arena, PATIENCE, REAL_PATIENCE, company::Company};

/// The reason of `Ready`.
pub fn reason(object: &DynamicObject) -> String {
    ready(object)["reason"].as_str().unwrap_or_default().to_owned()
}

pub fn message(object: &DynamicObject) -> String {
    ready(object)["message"].as_str().unwrap_or_default().to_owned()
}

fn ready(object: &DynamicObject) -> &Value {
    let conditions = object.data["status"]["conditions"].as_array();
    conditions
        .and_then(|conditions| conditions.iter().find(|condition| condition["type"] == "Ready"))
        .unwrap_or(&Value::Null)
}

/// A stage of a run, by its place among those that have begun.
pub async fn stage(arena: &Arena, name: &str, index: usize) -> Value {
    let object = arena.namespace.get("Promotion", name).await.unwrap();
    object.data["status"]["stages"][index].clone()
}

impl Arena {
    /// Begins the run `release`.
    pub async fn release(&self, company: &Company, more: Value) {
        let run = company.promotion("release", more);
        self.namespace.apply(run).await.unwrap();
    }

    /// Waits until the lock into a stage is there.
    pub async fn until_locked(&mut self, company: &Company, stage: &str) {
        let tenant = &company.site(stage).tenant;
        let fault = |_: &Self| (tenant.lock_state() != LockState::Locked).then(|| "not locked".to_owned());
        self.wait_until(fault).await;
    }

    /// Waits until an object is gone.
    pub async fn until_gone(&mut self, name: &str) {
        let fault = |object: Option<&DynamicObject>| object.map(|_| "it is still there".to_owned());
        self.until_object("Promotion", name, fault).await.unwrap();
    }

    /// Waits until a run is Ready, or not, for this reason.
    pub async fn until_reason(&mut self, name: &str, wanted: &str) -> DynamicObject {
        let object = self
            .until_object("Promotion", name, |object| {
                let found = object.map(reason).unwrap_or_default();
                (found != wanted).then(|| format!("the reason is {found:?}, not {wanted}"))
            })
            .await;
        object.unwrap().unwrap()
    }

    /// Waits for anything, and moves the clock while nothing is going on.
    pub async fn wait_until(&mut self, mut fault: impl FnMut(&Self) -> Option<String>) {
        let (mut passed, started) = (Duration::ZERO, Instant::now());
        while let Some(why) = fault(self) {
            assert!(passed < PATIENCE && started.elapsed() < REAL_PATIENCE, "{why}");
            passed += self.step().await;
        }
    }

    /// Lets time pass, step by step.
    pub async fn pass_time(&mut self, time: Duration) {
        let mut passed = Duration::ZERO;
        while passed < time {
            passed += self.step().await;
        }
    }
}
