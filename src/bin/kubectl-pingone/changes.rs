//! What a run's next stage would get, and whose each item is.

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt as _;
use pingone_aic_operator::{
    api::{AICIntegration, Promotion, PromotionStatus, ReportStatus, StageStatus},
    controller::own_items,
};
use serde::{Serialize, Serializer};

use crate::{failure::Failure, style::plain};

/// A list of changes, and where it is from.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diff {
    pub run: String,
    pub from: String,
    pub to: String,
    pub list: ListOf,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    pub hash: String,
    pub summary: String,
    pub deleted: Vec<Item>,
    pub added: Vec<Item>,
    pub modified: Vec<Item>,
    pub truncated: bool,
}

#[derive(Serialize)]
pub struct Item {
    pub name: String,
    /// Whether it belongs to one of the run's integrations.
    pub ours: bool,
}

/// What a list is of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ListOf {
    /// The changes that a gate shows.
    Provisional,
    /// What the dry run of a held stage found.
    DryRun,
    /// What the run has promoted.
    Promoted,
}

impl ListOf {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provisional => "provisional",
            Self::DryRun => "dry run",
            Self::Promoted => "promoted",
        }
    }
}

impl Serialize for ListOf {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The highest stage that a run has promoted, and what that changed.
fn promoted_last(status: &PromotionStatus) -> Option<(&StageStatus, ReportStatus)> {
    let mut stages = status.stages.iter().rev();
    stages.find_map(|stage| Some((stage, stage.report.clone()?)))
}

/// What was looked at last: the dry run of a held stage, else what the gate shows, else what the run has promoted.
pub fn of<'a>(
    run: &Promotion,
    integrations: impl Iterator<Item = &'a AICIntegration>,
) -> Result<Diff, Failure> {
    let status = run.status.clone().unwrap_or_default();
    let held = status.stages.iter().find(|stage| stage.held.is_some());
    let dry_run = held.and_then(|stage| Some((stage.name.clone(), stage.dry_run.clone()?)));
    let (to, report, list, source, seen_at) = if let Some((stage, dry_run)) = dry_run {
        (stage, dry_run.report, ListOf::DryRun, dry_run.source, None)
    } else if let Some(next) = status.next {
        let Some(report) = next.provisional else {
            return Err(Failure::No(format!(
                "the operator cannot read what {} would get: look at the run's message",
                next.stage
            )));
        };
        (next.stage, report, ListOf::Provisional, next.source, next.seen_at)
    } else if let Some((stage, report)) = promoted_last(&status) {
        (
            stage.name.clone(),
            report,
            ListOf::Promoted,
            None,
            stage.finished_at.clone(),
        )
    } else {
        let phase = status.phase.map_or("not looked at yet", |phase| phase.as_str());
        return Err(Failure::No(format!("the run ({phase}) shows no next stage")));
    };
    let below = run.spec.order.iter().take_while(|stage| stage.name != to).last();
    let summary = report.totals.to_string();
    let ReportStatus {
        totals,
        deleted,
        added,
        modified,
        truncated,
        ..
    } = report;
    let named: BTreeSet<_> = run
        .spec
        .order
        .iter()
        .flat_map(|stage| &stage.integrations)
        .collect();
    let members = integrations.filter(|it| named.contains(&it.name_any()));
    let ours = own_items(members);
    let items = |names: Vec<String>| -> Vec<Item> {
        let is_ours = |name: &str| ours.iter().any(|own| name.ends_with(&format!(": {own}")));
        let item = |name: String| Item {
            ours: is_ours(&name),
            name: plain(&name),
        };
        names.into_iter().map(item).collect()
    };
    Ok(Diff {
        run: run.name_any(),
        from: below.map(|stage| stage.name.clone()).unwrap_or_default(),
        to,
        list,
        seen_at,
        source,
        hash: totals.hash,
        summary,
        deleted: items(deleted),
        added: items(added),
        modified: items(modified),
        truncated,
    })
}
