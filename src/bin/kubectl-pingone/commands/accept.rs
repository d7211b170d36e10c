//! `accept RUN`: the pin of what a held run's dry run has shown.

use pingone_aic_operator::api::{Promotion, PromotionPhase};
use serde_json::{Value, json};

use super::{Printer, change};
use crate::{Answer, arguments::Change, cluster::Cluster, failure::Failure};

pub async fn run(printer: Printer, cluster: &Cluster, change: &Change) -> Result<Answer, Failure> {
    change::run(printer, cluster, change, decide).await
}

fn decide(run: &Promotion) -> Result<Value, Failure> {
    let status = run.status.clone().unwrap_or_default();
    let held = status.stages.iter().find(|stage| stage.held.is_some());
    let Some(stage) = held.filter(|_| status.phase == Some(PromotionPhase::Held)) else {
        let phase = status.phase.map_or("not looked at yet", |phase| phase.as_str());
        return Err(Failure::No(format!(
            "the run is not Held, it is {phase}: there is nothing to accept"
        )));
    };
    let Some(dry_run) = &stage.dry_run else {
        let why = stage.held.as_ref().map_or("", |held| held.message.as_str());
        return Err(Failure::No(format!("the run has no dry run to accept: {why}")));
    };
    let pin = change::pin(&dry_run.report.totals.hash, dry_run.source.as_ref());
    Ok(json!({"approved": {stage.name.as_str(): pin}}))
}
