//! `/environment/promotion/report` and `/reports`.

use http::StatusCode;
use serde_json::Value;

use super::super::Tenant;
use super::super::refusal::platform;
use super::changes::Changes;
use super::group::ProvisionalSide;
use super::lower_of;
use super::pair::Pair;
use super::report::Report;
use crate::message::{Answer, Outcome};

/// [assumed] What is answered where there is no such report, or nothing to report about.
const NO_REPORT: StatusCode = StatusCode::NOT_FOUND;
const NOT_FOUND: &str = "Report not found";

/// `GET …/report`
pub(super) fn last(tenant: &Tenant) -> Outcome {
    lower_of(tenant)?;
    let now = tenant.network_now();
    let state = tenant.state();
    let last = state.promotions.reported(now).next_back();
    last.map(found).ok_or_else(no_report)
}

/// `GET …/report/{reportId}`
pub(super) fn by_id(tenant: &Tenant, id: &str) -> Outcome {
    lower_of(tenant)?;
    let now = tenant.network_now();
    let state = tenant.state();
    let mut reports = state.promotions.reported(now);
    reports
        .find(|report| report.id.to_string() == id)
        .map(found)
        .ok_or_else(no_report)
}

/// `GET …/reports`: a bare array, the newest first since July 2026.
pub(super) fn list(tenant: &Tenant) -> Outcome {
    lower_of(tenant)?;
    let now = tenant.network_now();
    let state = tenant.state();
    let mut entries: Vec<_> = state.promotions.reported(now).map(Report::to_entry).collect();
    if tenant.settings().newest_first {
        entries.reverse();
    }
    Ok(Answer::json(StatusCode::OK, &Value::Array(entries)))
}

/// `GET …/report/provisional`. [assumed] It needs no lock.
pub(super) fn provisional(tenant: &Tenant) -> Outcome {
    let (this, settings) = (Some(tenant.clone()), tenant.settings());
    let (lower, upper) = match settings.provisional_side {
        ProvisionalSide::Lower => (this, tenant.upper()),
        ProvisionalSide::Upper => (tenant.lower(), this),
    };
    let refused = || platform(settings.provisional_refusal, NOT_FOUND);
    let (lower, upper) = (lower.ok_or_else(refused)?, upper.ok_or_else(refused)?);
    let pair = Pair::of(&lower, &upper);
    let changes = Changes::between(&pair.upper.configuration, &pair.lower.configuration);
    Ok(found(&Report::provisional(
        "promotion",
        changes,
        tenant.network_now(),
    )))
}

/// `GET …/report/provisional-rollback`
pub(super) fn provisional_rollback(tenant: &Tenant) -> Outcome {
    lower_of(tenant)?;
    let now = tenant.network_now();
    let state = tenant.state();
    let before = state.promotions.before_promotion.as_ref().ok_or_else(no_report)?;
    let changes = Changes::between(&state.configuration, before);
    Ok(found(&Report::provisional("rollback", changes, now)))
}

fn found(report: &Report) -> Answer {
    Answer::json(StatusCode::OK, &report.to_json())
}

fn no_report() -> Answer {
    platform(NO_REPORT, NOT_FOUND)
}
