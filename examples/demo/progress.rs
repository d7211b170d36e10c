//! Conditions as they change, until every object is what it should be.

use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use futures::{StreamExt as _, stream::select_all};
use kube::{
    ResourceExt as _,
    core::DynamicObject,
    runtime::{WatchStreamExt as _, watcher},
};
use pingone_aic_harness::{Namespace, is_condition};
use pingone_aic_operator::api::{Condition, Reason, TenantEnvironment};
use tokio::time::timeout_at;

use crate::Manifests;

/// It takes seconds; a busy machine shall not fail.
const PATIENCE: Duration = Duration::from_mins(1);

/// An object's kind and name.
type Key = (&'static str, String);

/// What an object should become: Ready, and Active or not for this reason.
struct Goal {
    active: &'static str,
    reason: Reason,
}

/// Prints every change until all goals are reached; after [`PATIENCE`] an error says which are not.
pub async fn follow(namespace: &Namespace, manifests: &Manifests) -> Result<()> {
    let started = Instant::now();
    let mut changes = select_all(["PingOneConnection", "AICIntegration"].map(|kind| {
        watcher(namespace.api(kind), watcher::Config::default())
            .default_backoff()
            .applied_objects()
            .map(move |object| (kind, object))
            .boxed()
    }));
    let mut open = goals(manifests);
    let mut shown: BTreeMap<Key, String> = BTreeMap::new();
    let deadline = (started + PATIENCE).into();
    while !open.values().all(|(_, reached)| *reached) {
        let Ok(change) = timeout_at(deadline, changes.next()).await else {
            let missed = open.iter().filter(|(_, (_, reached))| !reached);
            let missed: Vec<_> = missed
                .map(|((kind, name), (goal, _))| format!("{kind} {name} should be {goal}"))
                .collect();
            bail!(
                "after {PATIENCE:?} not everything is what it should be; its state and the log are above:\n  {}",
                missed.join("\n  ")
            );
        };
        let (kind, object) = change.context("the watch ended")?;
        // A watch that breaks is begun anew.
        let Ok(object) = object else { continue };
        let key = (kind, object.name_any());
        let news = describe(&conditions(&object)?);
        if !news.is_empty() && shown.get(&key) != Some(&news) {
            let (seconds, name) = (started.elapsed().as_secs_f64(), &key.1);
            println!("  {seconds:4.1} s  {kind:<17} {name:<14} {news}");
            shown.insert(key.clone(), news);
        }
        if let Some((goal, reached)) = open.get_mut(&key) {
            *reached = goal.is_reached(&object)?;
        }
    }
    Ok(())
}

fn goals(manifests: &Manifests) -> BTreeMap<Key, (Goal, bool)> {
    let connections = manifests.connections.iter().map(|connection| {
        let goal = Goal {
            active: "True",
            reason: Reason::CredentialAccepted,
        };
        (("PingOneConnection", connection.name_any()), (goal, false))
    });
    let integrations = manifests.integrations.iter().map(|integration| {
        let (active, reason) = match integration.spec.tenant.environment {
            TenantEnvironment::Development | TenantEnvironment::Sandbox => ("True", Reason::TestPassed),
            _ => ("False", Reason::AwaitingPromotion),
        };
        (
            ("AICIntegration", integration.name_any()),
            (Goal { active, reason }, false),
        )
    });
    connections.chain(integrations).collect()
}

impl Goal {
    fn is_reached(&self, object: &DynamicObject) -> Result<bool> {
        let reason = conditions(object)?
            .into_iter()
            .any(|condition| condition.type_ == "Active" && condition.reason == self.reason.as_str());
        Ok(reason && is_condition(object, "Active", self.active) && is_condition(object, "Ready", "True"))
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { active, reason } = self;
        write!(formatter, "Ready, and Active={active} ({})", reason.as_str())
    }
}

/// All conditions in a line, and in the next what `Ready` says of them.
fn describe(conditions: &[Condition]) -> String {
    let mut types = Vec::new();
    let mut ready = String::new();
    for condition in conditions {
        let mark = match condition.status.as_str() {
            "True" => '✓',
            "False" => '–',
            _ => '?',
        };
        types.push(format!("{mark} {}", condition.type_));
        if condition.type_ == "Ready" {
            ready = format!("\n          {}: {}", condition.reason, condition.message);
        }
    }
    types.join("  ") + &ready
}

fn conditions(object: &DynamicObject) -> Result<Vec<Condition>> {
    match object.data.pointer("/status/conditions") {
        Some(conditions) => Ok(serde_json::from_value(conditions.clone())?),
        None => Ok(Vec::new()),
    }
}
