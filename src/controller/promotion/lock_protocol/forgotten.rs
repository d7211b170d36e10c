//! Status lacks a lock whose key this process still has: it was cleared, or an older one restored. Row 2.

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};

use super::{case::whole_seconds, unanswered::end_of};
use crate::{
    aic::LockState,
    api::{Outcome, Reason, StageStatus, Step, SuspectLock},
};

/// What to do with the key.
#[derive(Debug, PartialEq)]
pub(in super::super) enum Forgotten {
    /// Restore this stage.
    Remember(Box<StageStatus>),
    /// The lock is gone, and the key is useless.
    Gone,
    /// The tenant does not show it.
    Unclear,
}

/// Whether status has the key's lock. A lock without an id is found by its stage.
pub(in super::super) fn is_remembered(kept: &StageStatus, stages: &[StageStatus]) -> bool {
    let lock = kept.open_lock();
    let is_known = |stage: &StageStatus| match lock {
        Some(lock) => stage
            .open_lock()
            .is_some_and(|known| known.attempt == lock.attempt),
        None => stage.suspect == kept.suspect,
    };
    let has_id = lock.is_some_and(|lock| lock.id.is_some());
    stages.iter().any(is_known) || (!has_id && stages.iter().any(StageStatus::may_hold_lock))
}

/// Combines a stage from the key with the one in status. No later decision is lost.
pub(in super::super) fn forgotten(
    kept: &StageStatus,
    known: &StageStatus,
    shown: &LockState,
    now: Timestamp,
) -> Forgotten {
    let now = whole_seconds(now);
    let remember = |stage| Forgotten::Remember(Box::new(stage));
    let Some(lock) = kept.open_lock() else {
        return as_suspect(kept, known, kept.suspect.clone(), now);
    };
    let Some(id) = lock.id.as_deref().filter(|_| !lock.unproved) else {
        let suspect = SuspectLock {
            attempt: lock.attempt.clone(),
            requested_at: lock.requested_at.clone(),
            before: lock.before.clone(),
            contested: lock.contested || lock.seen.is_some(),
        };
        return as_suspect(kept, known, Some(suspect), now);
    };
    let is_wiped = known.step.is_none();
    if is_wiped && kept.promote.is_some() {
        // A request may be in flight or done. The stage waits for it as if nothing had happened.
        return remember(kept.clone());
    }
    if shown.is_free_of(id) {
        return Forgotten::Gone;
    }
    if !shown.shows(id) {
        return Forgotten::Unclear;
    }
    let is_over = matches!(known.step, Some(Step::Verifying | Step::Done));
    let mut stage = StageStatus {
        step: Some(Step::Unlocking),
        lock: Some(lock.clone()),
        ..if is_over { known.clone() } else { kept.clone() }
    };
    if stage.outcome.is_none() {
        stage.outcome = Some(Outcome::Retry);
        stage.reason = Some(Reason::LockLost.as_str().to_owned());
    }
    if let Some(lock) = &mut stage.lock {
        lock.releasing_since.get_or_insert(Time(now));
    }
    remember(stage)
}

/// An unanswered request may still have an effect. Only a stage that has not begun again looks for it.
fn as_suspect(
    kept: &StageStatus,
    known: &StageStatus,
    suspect: Option<SuspectLock>,
    now: Timestamp,
) -> Forgotten {
    match suspect {
        Some(suspect) if known.step.is_none() && known.suspect.is_none() && now < end_of(&suspect) => {
            Forgotten::Remember(Box::new(StageStatus {
                target: known.target.clone().or_else(|| kept.target.clone()),
                action: kept.action,
                suspect: Some(suspect),
                ..known.clone()
            }))
        }
        _ => Forgotten::Gone,
    }
}
