//! `abort`, `suspend`, `resume`, `check-now`: one field each.

use std::fmt::Debug;

use kube::{Resource, core::NamespaceResourceScope};
use pingone_aic_operator::{
    api::{AICIntegration, PingOneConnection, Promotion, REQUESTED_AT_ANNOTATION},
    clock::Clock,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::Printer;
use crate::{
    Answer,
    arguments::Run,
    cluster::Cluster,
    failure::Failure,
    target::{Kind, Target},
};

pub async fn abort(printer: Printer, cluster: &Cluster, Run { run, .. }: &Run) -> Result<Answer, Failure> {
    let target = Target {
        kind: Kind::Promotion,
        name: run.clone(),
    };
    let promotion: Promotion = cluster.get(run).await?;
    let phase = promotion.status.and_then(|status| status.phase);
    if let Some(phase) = phase.filter(|phase| phase.is_terminal()) {
        return Err(Failure::No(format!("the run is over ({})", phase.as_str())));
    }
    let said = "stops at the next safe point, for good; an open lock is released first";
    set(printer, cluster, &target, &json!({"spec": {"abort": true}}), said).await
}

pub async fn suspend(
    printer: Printer,
    cluster: &Cluster,
    target: &Target,
    is_suspended: bool,
) -> Result<Answer, Failure> {
    let said = if is_suspended { "suspended" } else { "resumed" };
    let patch = json!({"spec": {"suspend": is_suspended}});
    set(printer, cluster, target, &patch, said).await
}

pub async fn check_now(printer: Printer, cluster: &Cluster, target: &Target) -> Result<Answer, Failure> {
    let name = &target.name;
    let is_suspended = match target.kind {
        Kind::Connection => cluster.get::<PingOneConnection>(name).await?.spec.suspend,
        Kind::Integration => cluster.get::<AICIntegration>(name).await?.spec.suspend,
        Kind::Promotion => cluster.get::<Promotion>(name).await?.spec.suspend,
    };
    if is_suspended {
        let kind = target.kind.as_str();
        return Err(Failure::No(format!(
            "{kind} {name} is suspended: resume it first"
        )));
    }
    let now = Clock::system().now().to_string();
    let patch = json!({"metadata": {"annotations": {REQUESTED_AT_ANNOTATION: now}}});
    set(printer, cluster, target, &patch, "will be checked now").await
}

async fn set(
    printer: Printer,
    cluster: &Cluster,
    target: &Target,
    patch: &Value,
    said: &str,
) -> Result<Answer, Failure> {
    match target.kind {
        Kind::Connection => set_on::<PingOneConnection>(printer, cluster, target, patch, said).await,
        Kind::Integration => set_on::<AICIntegration>(printer, cluster, target, patch, said).await,
        Kind::Promotion => set_on::<Promotion>(printer, cluster, target, patch, said).await,
    }
}

async fn set_on<K>(
    printer: Printer,
    cluster: &Cluster,
    Target { kind, name }: &Target,
    patch: &Value,
    said: &str,
) -> Result<Answer, Failure>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Serialize,
{
    let Some(changed) = cluster.patch::<K>(name, patch).await? else {
        return Err(Failure::No(format!(
            "{} {name} was being changed: try again",
            kind.as_str()
        )));
    };
    printer.print(&changed, || format!("{} {name} {said}\n", kind.as_str()))?;
    Ok(Answer::Yes)
}
