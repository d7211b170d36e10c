//! What is waited for, and looked at.

use std::time::{Duration, Instant};

use easy_ext::ext;
use kube::core::DynamicObject;
use pingone_aic_simulator::{Exchange, Fault, Rule, Tenant, tenant::LockState};
use pingone_aic_support::{Env, PATIENCE, REAL_PATIENCE, company::Company};
use serde_json::{Value, json};

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

/// How often a promotion that is no dry run was asked for.
pub fn promotions(env: &Env) -> usize {
    let calls = env.network.journal();
    calls.iter().filter(|call| is_promotion(call)).count()
}

/// Whether this asks for a promotion that is no dry run.
pub fn is_promotion(call: &Exchange) -> bool {
    call.is("POST", "/promotion/promote") && call.request["dryRun"] == false
}

/// Whether this lock was asked to be removed, or, if none is named, any.
pub fn is_removed(env: &Env, lock: Option<&str>) -> bool {
    let is = |call: &Exchange| call.method == "DELETE" && lock.is_none_or(|id| call.path.ends_with(id));
    env.network.journal().iter().any(is)
}

/// The first request of this kind that a tenant is sent.
pub fn the_request(tenant: &Tenant, path: &str) -> Rule {
    Rule::on(tenant.host())
        .method("POST")
        .path_contains(path)
        .times(1)
}

/// A stage of a run, by its place among those that have begun.
pub async fn stage(env: &Env, name: &str, index: usize) -> Value {
    let object = env.namespace.get("Promotion", name).await.unwrap();
    object.data["status"]["stages"][index].clone()
}

#[ext(Steps)]
pub(crate) impl Env {
    /// Begins the run `release`.
    async fn release(&self, company: &Company, more: Value) {
        let run = company.promotion("release", more);
        self.namespace.apply(run).await.unwrap();
    }

    /// Begins the run `release` into staging: its request for the lock has been sent, and arrives seconds later.
    async fn lock_on_its_way(&mut self, company: &Company) {
        let lock = the_request(&company.site("staging").tenant, "/promotion/lock");
        let late = self.network.fault(lock, Fault::Delay(Duration::from_secs(2)));
        self.release(company, json!({"upTo": "staging"})).await;
        self.wait_until(|_| (late.hits() == 0).then(|| "not asked yet".to_owned()))
            .await;
    }

    /// Waits until the run `release` is at its gate: its stage was promoted, once, after so many retries, and the law
    /// was kept.
    async fn promoted(&mut self, company: &Company, retries: u32) {
        self.phase("release", "Gated").await.unwrap();
        let stage = stage(self, "release", 0).await;
        assert_eq!(
            (&stage["outcome"], &stage["retries"]),
            (&json!("Promoted"), &json!(retries)),
            "{stage}"
        );
        assert_eq!((promotions(self), self.violation(company)), (1, None));
    }

    /// Waits until the lock into a stage is there.
    async fn until_locked(&mut self, company: &Company, stage: &str) {
        let tenant = &company.site(stage).tenant;
        let fault = |_: &Self| (tenant.lock_state() != LockState::Locked).then(|| "not locked".to_owned());
        self.wait_until(fault).await;
    }

    /// Waits until the run `release` is at this step of its first stage.
    async fn until_step(&mut self, step: &str) -> DynamicObject {
        let fault = |object: Option<&DynamicObject>| {
            let found = object.map(|object| object.data["status"]["stages"][0]["step"].clone());
            (found.as_ref().and_then(Value::as_str) != Some(step)).then(|| format!("its step is {found:?}"))
        };
        let object = self.until_object("Promotion", "release", fault).await;
        object.unwrap().unwrap()
    }

    /// Waits until a call was made, and answered.
    async fn until_answered(&mut self, is: impl Fn(&Exchange) -> bool) {
        let is_answered = |call: &Exchange| is(call) && call.status.is_some();
        let fault = |env: &Self| {
            let calls = env.network.journal();
            (!calls.iter().any(is_answered)).then(|| "it is not asked for, or not answered".to_owned())
        };
        self.wait_until(fault).await;
    }

    /// Waits until no environment of the company is locked.
    async fn until_unlocked(&mut self, company: &Company) {
        self.wait_until(|_| company.stranded()).await;
    }

    /// Waits until an object is gone.
    async fn until_gone(&mut self, name: &str) {
        let fault = |object: Option<&DynamicObject>| object.map(|_| "it is still there".to_owned());
        self.until_object("Promotion", name, fault).await.unwrap();
    }

    /// Waits until a run is Ready, or not, for this reason.
    async fn until_reason(&mut self, name: &str, wanted: &str) -> DynamicObject {
        let object = self
            .until_object("Promotion", name, |object| {
                let found = object.map(reason).unwrap_or_default();
                (found != wanted).then(|| format!("the reason is {found:?}, not {wanted}"))
            })
            .await;
        object.unwrap().unwrap()
    }

    /// Annotates the run `release`.
    async fn annotate(&self, annotation: &str, value: &str) {
        let patch = json!({"metadata": {"annotations": {annotation: value}}});
        self.namespace
            .patch("Promotion", "release", &patch)
            .await
            .unwrap();
    }

    /// Replaces the status of the run `release`.
    async fn write_status(&self, status: &Value) {
        let patch = json!([{"op": "replace", "path": "/status", "value": status}]).to_string();
        let patch = [
            "patch",
            "promotion",
            "release",
            "--namespace",
            self.namespace.name(),
            "--subresource=status",
            "--type=json",
            "--patch",
            &patch,
        ];
        self.namespace.control_plane().kubectl(&patch).await.unwrap();
    }

    /// Waits for anything, and moves the clock while nothing is going on.
    async fn wait_until(&mut self, mut fault: impl FnMut(&Self) -> Option<String>) {
        let (mut passed, started) = (Duration::ZERO, Instant::now());
        while let Some(why) = fault(self) {
            assert!(passed < PATIENCE && started.elapsed() < REAL_PATIENCE, "{why}");
            passed += self.step().await;
        }
    }
}
