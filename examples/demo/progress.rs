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
use pingone_aic_operator::api::{Condition, PromotionPhase, PromotionStatus, Reason, TenantEnvironment};
use tokio::time::timeout_at;

use crate::Manifests;

/// It takes seconds; a busy machine shall not fail.
const PATIENCE: Duration = Duration::from_mins(3);

/// An object's kind and name.
pub type Key = (&'static str, String);

/// What an object should become.
pub enum Goal {
    /// Ready, and Active or not for this reason.
    Active(&'static str, Reason),
    /// In this phase.
    Phase(PromotionPhase),
}

/// What all objects should become.
pub type Goals = BTreeMap<Key, Goal>;

/// Prints every change until all goals are reached; after [`PATIENCE`] an error says which are not.
pub async fn follow(namespace: &Namespace, goals: Goals) -> Result<()> {
    let started = Instant::now();
    let mut changes = select_all(["PingOneConnection", "AICIntegration", "Promotion"].map(|kind| {
        watcher(namespace.api(kind), watcher::Config::default())
            .default_backoff()
            .applied_objects()
            .map(move |object| (kind, object))
            .boxed()
    }));
    let mut open: BTreeMap<_, _> = goals
        .into_iter()
        .map(|(key, goal)| (key, (goal, false)))
        .collect();
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
        let news = describe(&object)?;
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

/// What the manifests lead to by themselves: the run stops at its gate.
pub fn goals(manifests: &Manifests) -> Goals {
    let connections = manifests.connections.iter().map(|connection| {
        let goal = Goal::Active("True", Reason::CredentialAccepted);
        (("PingOneConnection", connection.name_any()), goal)
    });
    let integrations = manifests.integrations.iter().map(|integration| {
        let goal = match integration.spec.tenant.environment {
            TenantEnvironment::Production => Goal::Active("False", Reason::AwaitingPromotion),
            _ => Goal::Active("True", Reason::TestPassed),
        };
        (("AICIntegration", integration.name_any()), goal)
    });
    let promotions = manifests.promotions.iter().map(|promotion| {
        (
            ("Promotion", promotion.name_any()),
            Goal::Phase(PromotionPhase::Gated),
        )
    });
    connections.chain(integrations).chain(promotions).collect()
}

/// What it leads to once its gate is raised.
pub fn goals_beyond_the_gate(manifests: &Manifests) -> Goals {
    let integrations = manifests.integrations.iter().map(|integration| {
        let key = ("AICIntegration", integration.name_any());
        (key, Goal::Active("True", Reason::TestPassed))
    });
    let promotions = manifests.promotions.iter().map(|promotion| {
        (
            ("Promotion", promotion.name_any()),
            Goal::Phase(PromotionPhase::Succeeded),
        )
    });
    integrations.chain(promotions).collect()
}

/// What a run has changed, stage by stage.
pub async fn print_reports(namespace: &Namespace, name: &str) -> Result<()> {
    let object = namespace.get("Promotion", name).await?;
    let status: PromotionStatus = serde_json::from_value(object.data["status"].clone())?;
    for stage in status.stages {
        let outcome = stage.outcome.map_or("", |outcome| outcome.as_str());
        println!("  {:<14} {outcome}", stage.name);
        let report = stage.report.unwrap_or_default();
        let lists = [
            ('+', &report.added),
            ('~', &report.modified),
            ('-', &report.deleted),
        ];
        for (sign, items) in lists {
            for item in items {
                println!("    {sign} {item}");
            }
        }
    }
    Ok(())
}

impl Goal {
    fn is_reached(&self, object: &DynamicObject) -> Result<bool> {
        let (status, reason) = match self {
            Self::Phase(phase) => return Ok(object.data["status"]["phase"] == phase.as_str()),
            Self::Active(status, reason) => (status, reason),
        };
        let has_reason = conditions(object)?
            .into_iter()
            .any(|condition| condition.type_ == "Active" && condition.reason == reason.as_str());
        Ok(has_reason && is_condition(object, "Active", status) && is_condition(object, "Ready", "True"))
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Active(status, reason) => {
                write!(formatter, "Ready, and Active={status} ({})", reason.as_str())
            }
            Self::Phase(phase) => formatter.write_str(phase.as_str()),
        }
    }
}

/// A run's phase and all conditions in a line, and in the next what `Ready` says of them.
fn describe(object: &DynamicObject) -> Result<String> {
    let phase = object.data["status"]["phase"].as_str();
    let mut types: Vec<_> = phase.map(ToOwned::to_owned).into_iter().collect();
    let mut ready = String::new();
    for condition in &conditions(object)? {
        let mark = match &*condition.status {
            "True" => '✓',
            "False" => '–',
            _ => '?',
        };
        types.push(format!("{mark} {}", condition.type_));
        if condition.type_ == "Ready" {
            ready = format!("\n          {}: {}", condition.reason, condition.message);
        }
    }
    Ok(types.join("  ") + &ready)
}

fn conditions(object: &DynamicObject) -> Result<Vec<Condition>> {
    match object.data.pointer("/status/conditions") {
        Some(conditions) => Ok(serde_json::from_value(conditions.clone())?),
        None => Ok(Vec::new()),
    }
}
