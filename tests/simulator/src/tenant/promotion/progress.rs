//! `GET /environment/promotion/promote`: how far a promotion is.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::Tenant;
use super::lower_of;
use super::pair::Pair;
use super::run::{Kind, Run};
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
    let (status, message) = describe(is_locked, run);
    let mut answer = json!({
        "status": promotions.shown_status.as_deref().unwrap_or(status),
        "message": message,
        "globalLock": if is_locked { "LOCKED" } else { "UNLOCKED" },
        "blockingError": false,
        "timeStamp": now.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string(),
    });
    if let Some(id) = run.map(|run| run.promotion_id.as_str()).or(id) {
        answer["promotionId"] = id.into();
    }
    if let Some(run) = run {
        answer["type"] = run.order.kind.name().into();
        if run.over {
            add_findings(&mut answer, run);
        }
    }
    Ok(Answer::json(StatusCode::OK, &answer))
}

/// [assumed] The message of a rollback, and that one which is over shows in no status but
/// that of the lock.
fn describe(is_locked: bool, run: Option<&Run>) -> (&'static str, &str) {
    match run {
        Some(run) if !run.over => ("RUNNING", "Update configuration"),
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
