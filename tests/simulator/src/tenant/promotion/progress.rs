//! `GET /environment/promotion/promote`: how far a promotion is.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::Tenant;
use super::lower_of;
use super::pair::Pair;
use super::run::{Kind, Run};
use crate::clock::iso_date;
use crate::message::{Answer, Outcome};

pub(super) fn read(tenant: &Tenant) -> Outcome {
    let lower = lower_of(tenant)?;
    let now = tenant.network_now();
    let pair = Pair::of(&lower, tenant);
    let promotions = &pair.upper.promotions;
    let id = pair.upper.lock.promotion_id();
    // A run is told of until its lock is followed by another.
    let run = promotions
        .run
        .as_ref()
        .filter(|run| !run.over || Some(run.promotion_id.as_str()) == id);
    let is_locked = pair.locked_by().is_some();
    let settings = tenant.settings();
    let (status, message) = describe(is_locked, run, settings.running_status);
    let mut answer = json!({
        "status": promotions.shown_status.as_deref().unwrap_or(status),
        "message": message,
        "globalLock": if is_locked { "LOCKED" } else { "UNLOCKED" },
        "blockingError": false,
        "timeStamp": iso_date(now),
        "type": run.map_or("promotion", |run| run.order.kind.name()),
    });
    // An environment that is unlocked tells of no lock, whatever it tells of the last run.
    let id = id.filter(|_| status != "UNLOCKED");
    let of_run = run.filter(|_| status != "UNLOCKED");
    if let Some(id) = of_run.map(|run| run.promotion_id.as_str()).or(id) {
        answer["promotionId"] = id.into();
    }
    if let Some(run) = run.filter(|run| run.over) {
        add_findings(&mut answer, run);
    }
    Ok(Answer::json(StatusCode::OK, &answer))
}

/// [assumed] The message of a rollback, and that one which is over shows in no status but
/// that of the lock.
fn describe<'a>(is_locked: bool, run: Option<&'a Run>, running: &'static str) -> (&'static str, &'a str) {
    match run {
        Some(run) if !run.over => (running, "Update configuration"),
        _ if !is_locked => ("UNLOCKED", "Environment unlocked"),
        None => ("READY", "Environment ready for promotion"),
        Some(Run {
            failure: Some(failure),
            ..
        }) => ("READY", failure),
        Some(run) if run.order.kind == Kind::Rollback => ("READY", "Rollback completed"),
        Some(_) => ("READY", "Promotion completed"),
    }
}

fn add_findings(answer: &mut Value, run: &Run) {
    answer["blockingError"] = run.failure.is_some().into();
    for (name, list) in [
        ("missingESVs", &run.report.missing_esvs),
        ("encryptedSecrets", &run.encrypted_secrets),
    ] {
        if !list.is_empty() {
            answer[name] = json!(list);
        }
    }
}
