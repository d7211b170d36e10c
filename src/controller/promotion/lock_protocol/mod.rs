//! The lock protocol: decides what to do about a stage's lock, from status and from what the tenant shows.
//!
//! No I/O and no clock. The operator runs this function, the tables test it and the model explores it. Its rows are
//! those of `docs/lock-protocol.md`, and each decision names its row.

mod acquire;
mod answer;
mod case;
mod content;
mod decision;
mod dry_run;
mod forgotten;
mod holding;
mod locking;
#[cfg(test)]
mod model;
mod observation;
mod pace;
mod promoting;
mod release;
mod row;
#[cfg(test)]
mod tests;
mod unanswered;
mod verifying;

use k8s_openapi::jiff::Timestamp;

use self::case::Case;
use crate::api::{Reason, StageStatus, Step};

pub(super) use answer::{dry_run_refused, lock_accepted, lock_refused};
pub(super) use case::whole_seconds;
pub(super) use content::{Content, Expected, NO_SOURCE, Source, UNCLEAR_SOURCE, is_compared, way_to_accept};
pub(super) use decision::{Act, Decided, Decision, QUIET_PERIOD, RUN_SETTLES, Rules, Wait};
pub(super) use forgotten::{Forgotten, forgotten, is_remembered};
pub(super) use observation::{Fault, Missing, Observation, Part, SeenReport};
pub(super) use unanswered::LOST_REQUEST_SETTLES;
pub(super) use verifying::{FAULT_STANDS, Verification, VerifyDecision, begin_rollback};
#[cfg(test)]
use {decision::LOCK_SETTLES, row::Row, unanswered::SHOWS_WITHIN};

/// Decides, or names what must be read first.
pub(super) fn decide(
    stage: &StageStatus,
    observation: &Observation,
    rules: &Rules<'_>,
    now: Timestamp,
) -> Decided {
    let case = Case {
        stage,
        observation,
        rules,
        now: whole_seconds(now),
    };
    match (stage.step, &stage.lock) {
        (Some(Step::Verifying | Step::Done), _) => Ok(row::Row::R25.decides(Act::Leave)),
        (Some(Step::LockRequested), Some(lock)) => case.lock_requested(lock),
        (Some(Step::Locking), Some(lock)) => case.locking(lock),
        (Some(Step::DryRun), Some(lock)) => case.dry_run(lock),
        (Some(Step::Promoting), Some(lock)) => case.promoting(lock),
        (Some(Step::Unlocking), Some(lock)) => case.unlocking(lock),
        (Some(Step::Unknown), _) => Ok(case.wait(
            row::Row::R20,
            Reason::InvalidObject,
            true,
            "status.stages names a step that this version of the operator does not know: upgrade it",
        )),
        // Without a lock the stage is at its beginning.
        (_, None) | (None, _) => case.begin(),
    }
}
