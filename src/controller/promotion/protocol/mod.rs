//! The lock protocol: what is done next about a stage's lock, from what status remembers and what the tenant shows.
//!
//! No I/O and no clock: the same function is what runs, what the table checks and what the model explores. Its rows
//! are those of the lock protocol: a lock that we took is given back; one that is not proved ours is never promoted
//! under, and never removed but for one that is idle after our own lost answer; a stage is promoted once.

mod act;
mod answer;
mod before;
mod case;
mod content;
mod dry_run;
mod end;
mod forgotten;
mod holding;
mod locking;
#[cfg(test)]
mod model;
mod pace;
mod promoting;
mod reads;
mod sight;
#[cfg(test)]
mod tests;
mod unanswered;
mod verifying;

use k8s_openapi::jiff::Timestamp;

use self::case::Case;
use crate::api::{Reason, StageStatus, Step};

pub(super) use act::{Act, QUIET_PERIOD, RUN_SETTLES, Rules, Wait};
pub(super) use answer::{dry_run_refused, lock_accepted, lock_refused};
pub(super) use case::whole_seconds;
pub(super) use content::{Content, Expected, NO_SOURCE, Source, UNCLEAR_SOURCE, is_compared, way_to_accept};
pub(super) use forgotten::{Forgotten, forgotten};
pub(super) use reads::{Reports, reads_content, reads_fault, reads_reports, reads_run};
pub(super) use sight::{Fault, SeenReport, Sight};
pub(super) use unanswered::idle_lock;
pub(super) use verifying::{FAULT_STANDS, Proof, Ruling};
#[cfg(test)]
use {act::LOCK_SETTLES, unanswered::SHOWS_WITHIN};

/// What people are warned of when a promotion is asked for: its content is not the one that was looked at.
pub(super) fn content_warning(
    stage: &StageStatus,
    sight: &Sight,
    rules: &Rules<'_>,
    now: Timestamp,
) -> Option<(Reason, String)> {
    let case = Case {
        stage,
        sight,
        rules,
        now,
    };
    case.content_warning()
}

/// Decides.
pub(super) fn decide(stage: &StageStatus, sight: &Sight, rules: &Rules<'_>, now: Timestamp) -> Act {
    let case = Case {
        stage,
        sight,
        rules,
        now: whole_seconds(now),
    };
    match (stage.step, &stage.lock) {
        (Some(Step::Verifying | Step::Done), _) => Act::Leave,
        (Some(Step::LockRequested), Some(lock)) => case.lock_requested(lock),
        (Some(Step::Locking), Some(lock)) => case.locking(lock),
        (Some(Step::DryRun), Some(lock)) => case.dry_run(lock),
        (Some(Step::Promoting), Some(lock)) => case.promoting(lock),
        (Some(Step::Unlocking), Some(lock)) => case.unlocking(lock),
        (Some(Step::Unknown), _) => case.wait(
            Reason::InvalidObject,
            true,
            "status.stages names a step that this version of the operator does not know: upgrade it",
        ),
        // Without a lock there is nothing but the beginning.
        (_, None) | (None, _) => case.begin(),
    }
}
