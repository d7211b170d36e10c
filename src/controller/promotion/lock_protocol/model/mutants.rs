//! A test of the test: each row, done wrong on purpose, is found out.

use std::sync::Arc;

use super::{
    ALONE, NAMESAKES, ROLLBACK, TWO_PROCESSES, TWO_RUNS, as_it_is, broken,
    explore::{
        ACCEPTED, DRY_RUN, ENDS, KEEPS_ON, NOT_WHILE_IT_RUNS, ONCE, PROMOTES_OWN, RELEASED, REMOVES_OWN,
        ROLLS_BACK_FAULTS, ROLLS_BACK_OWN, STOPS, SUCCEEDS, Setting,
    },
    world::{Budget, Operator},
};
use crate::{
    api::{Outcome, SeenLock, StageStatus, Step},
    controller::promotion::lock_protocol::{
        Act, Decided, Decision, Expected, Fault, Observation, Part, QUIET_PERIOD, Row, Rules, SeenReport,
        Source, VerifyDecision, Wait, decide, lock_accepted,
    },
};

/// One that goes wrong where this row decides.
fn at(row: Row, wrong: impl Fn(&StageStatus, &Observation, Act) -> Act + Send + Sync + 'static) -> Operator {
    Operator {
        decide: Arc::new(move |stage, observation, rules, now| {
            let Decision { row: decided, act } = decide(stage, observation, rules, now)?;
            let act = if decided == row {
                wrong(stage, observation, act)
            } else {
                act
            };
            Ok(Decision { row: decided, act })
        }),
        ..as_it_is()
    }
}

/// One that decides by something else than what is there.
fn with(
    wrong: impl Fn(&mut StageStatus, &mut Observation, &mut Rules<'_>) + Send + Sync + 'static,
) -> Operator {
    Operator {
        decide: Arc::new(move |stage, observation, rules, now| -> Decided {
            let (mut stage, mut observation, mut rules) = (stage.clone(), observation.clone(), rules.clone());
            wrong(&mut stage, &mut observation, &mut rules);
            decide(&stage, &observation, &rules, now)
        }),
        ..as_it_is()
    }
}

/// One that goes wrong only when an hour has passed, which is later than anything that is explored.
fn an_hour_later(wrong: Operator) -> Operator {
    Operator {
        decide: Arc::new(move |stage, observation, rules, now| {
            if now.as_second() < 3600 {
                decide(stage, observation, rules, now)
            } else {
                (wrong.decide)(stage, observation, rules, now)
            }
        }),
        ..as_it_is()
    }
}

fn waits_for_ever(row: Row) -> Operator {
    at(row, |_, _, _| Act::Wait(Wait::for_the_lock()))
}

/// Deletes the lock that is shown.
fn unlocks(row: Row) -> Operator {
    at(row, |_, seen, act| match seen.lock.promotion_id.clone() {
        Some(id) => Act::Unlock(id, Wait::for_the_lock()),
        None => act,
    })
}

/// Takes the lock that is shown for its own.
fn trusts(row: Row) -> Operator {
    at(row, |stage, seen, act| match seen.lock.common_id() {
        Some(id) if stage.lock.is_some() => Act::Remember(lock_accepted(stage, id)),
        _ => act,
    })
}

/// Forgets the request for a lock.
fn forgets_request(row: Row) -> Operator {
    at(row, |stage, _, _| {
        Act::Remember(StageStatus {
            step: None,
            lock: None,
            suspect: None,
            ..stage.clone()
        })
    })
}

fn ends_with(stage: &StageStatus, step: Step, outcome: Outcome) -> Act {
    Act::Remember(StageStatus {
        step: Some(step),
        outcome: Some(outcome),
        ..stage.clone()
    })
}

fn promotes(stage: &StageStatus) -> Act {
    let id = stage.lock.as_ref().and_then(|lock| lock.id.clone());
    let mut stage = stage.clone();
    stage.step = Some(Step::Promoting);
    let promote = stage.promote.take().or_else(|| {
        let requested_at = stage.lock.as_ref()?.requested_at.clone();
        Some(crate::api::PromoteStatus {
            lock_id: id?,
            requested_at,
            idle_since: None,
            failed: false,
        })
    });
    stage.promote = promote;
    Act::Promote(stage, None)
}

/// Sees only the real reports of these runs.
fn real_reports(observation: &mut Observation, keep: impl Fn(Option<&str>) -> bool) {
    if let Part::Read(reports) = &mut observation.reports {
        let run = |report: &SeenReport| report.mark.as_ref().map(|mark| mark.run.clone());
        reports.retain(|report| report.is_dry_run || keep(run(report).as_deref()));
    }
}

/// Nothing goes wrong but what people do.
fn with_people(setting: Setting) -> Setting {
    let budget = Budget {
        faults: 0,
        ..setting.budget
    };
    Setting {
        budget,
        can_stop: false,
        ..setting
    }
}

/// Nobody is there but the operator.
fn without_people(setting: Setting) -> Setting {
    let budget = Budget {
        console: 0,
        ..setting.budget
    };
    Setting {
        budget,
        can_stop: false,
        has_cluster_faults: false,
        ..setting
    }
}

/// Requests and answers are lost, processes die, people act; and there is more time.
fn with_time(setting: Setting) -> Setting {
    let budget = Budget {
        minutes: setting.budget.minutes + 1,
        quiet_periods: setting.budget.quiet_periods + 1,
        ..setting.budget
    };
    Setting {
        budget,
        can_stop: false,
        has_cluster_faults: false,
        has_tenant_faults: false,
        ..setting
    }
}

#[rustfmt::skip]
fn mutants() -> Vec<(&'static str, &'static str, Setting, Operator)> {
    vec![
        ("1: reads no earlier promotion", ONCE, NAMESAKES, with(|_, seen, rules| real_reports(seen, |run| run == Some(rules.run)))),
        ("2: does not know its lock by its report", RELEASED, ALONE, waits_for_ever(Row::R2)),
        ("2b: does not take up what it has given up", RELEASED, ALONE, waits_for_ever(Row::R2b)),
        ("2c: forgets what may still come", RELEASED, ALONE, with(|stage, _, _| stage.suspect = None)),
        ("3: never begins", ENDS, ALONE, waits_for_ever(Row::R3)),
        ("3: does not record what it is about to request", RELEASED, ALONE, Operator { records_first: false, ..as_it_is() }),
        ("3b: gives up because another has the lock", SUCCEEDS, TWO_RUNS, at(Row::R3b, |stage, _, _| ends_with(stage, Step::Done, Outcome::Failed))),
        ("4b: keeps what it cannot record", RELEASED, ALONE, Operator { releases_unrecorded: false, ..as_it_is() }),
        ("5: forgets a request that may have an effect", RELEASED, ALONE, with(|_, _, rules| rules.is_void = true)),
        ("6: does not wait for its request", RELEASED, ALONE, forgets_request(Row::R6)),
        ("7: takes another's lock for its own", REMOVES_OWN, with_time(ALONE), trusts(Row::R7)),
        ("7b: takes the second lock for the first", REMOVES_OWN, with_time(ALONE), at(Row::R7b, |stage, seen, act| {
            let mut stage = stage.clone();
            match (&mut stage.lock, seen.lock.common_id()) {
                (Some(lock), Some(id)) => {
                    let since = lock.requested_at.clone();
                    lock.seen = Some(SeenLock { id: id.to_owned(), since, settled: true });
                    Act::Remember(stage)
                }
                _ => act,
            }
        })),
        ("7c: does not know a lost lock by its report", RELEASED, ALONE, waits_for_ever(Row::R7c)),
        ("8: waits for no quiet period", REMOVES_OWN, ALONE, with(|_, seen, _| seen.idle_for = Part::Read(QUIET_PERIOD))),
        ("8b: takes a lock on one side for none", RELEASED, ALONE, forgets_request(Row::R8b)),
        ("9: promotes under an idle lock", PROMOTES_OWN, ALONE, trusts(Row::R9)),
        ("10: decides about a lock that came late", REMOVES_OWN, with_time(ALONE), with(|stage, _, _| {
            if let Some(lock) = &mut stage.lock && let Some(seen) = &mut lock.seen {
                seen.since = lock.requested_at.clone();
                lock.contested = false;
            }
        })),
        ("10: decides about it after an hour", KEEPS_ON, with_time(ALONE), an_hour_later(unlocks(Row::R10))),
        ("10b: does not do what a person says", RELEASED, ALONE, waits_for_ever(Row::R10b)),
        ("11: never requests a dry run", RELEASED, ALONE, waits_for_ever(Row::R11)),
        ("12: keeps a lock that has failed", RELEASED, ALONE, waits_for_ever(Row::R12)),
        ("13: waits for a lock that is lost", ENDS, ALONE, waits_for_ever(Row::R13)),
        ("13b: removes a lock under which a dry run is under way", NOT_WHILE_IT_RUNS, ALONE, unlocks(Row::R13b)),
        ("14: never repeats a dry run", RELEASED, ALONE, waits_for_ever(Row::R14)),
        ("15: promotes what the dry run did not find", DRY_RUN, ALONE, at(Row::R15, |stage, _, act| match act {
            Act::Remember(next) if next.outcome == Some(Outcome::Skipped) => promotes(stage),
            act => act,
        })),
        ("15b: compares nothing", ACCEPTED, ALONE, with(|_, _, rules| rules.expected = Expected::default())),
        ("15c: promotes what it cannot compare", ACCEPTED, ALONE, with(|_, seen, _| {
            if let Part::Read(content) = &mut seen.content && matches!(content.source, Source::Unread { .. }) {
                content.source = Source::NotAsked;
            }
        })),
        ("16: does not record that it promotes", ONCE, ALONE, at(Row::R16, |stage, _, _| Act::Promote(stage.clone(), None))),
        ("18: tries again what has failed", ONCE, without_people(ALONE), at(Row::R18, |stage, _, _| ends_with(stage, Step::Unlocking, Outcome::Retry))),
        ("19: does not see its report", ENDS, ALONE, waits_for_ever(Row::R19)),
        ("20: removes the lock of what is under way", NOT_WHILE_IT_RUNS, ALONE, unlocks(Row::R20)),
        ("21: promotes again under the same lock", ONCE, ALONE, at(Row::R21, |stage, _, act| match act {
            Act::Remember(next) if next.step == Some(Step::Unlocking) => promotes(stage),
            act => act,
        })),
        ("22: removes the lock of what is still under way", NOT_WHILE_IT_RUNS, ALONE, unlocks(Row::R22)),
        ("23: forgets its lock", RELEASED, ALONE, at(Row::R23, |stage, _, _| ends_with(stage, Step::Done, Outcome::Aborted))),
        ("24: never leaves", ENDS, ALONE, waits_for_ever(Row::R24)),
        ("25: tests for ever", ENDS, ALONE, Operator { verify: |_| VerifyDecision::TestAgain, ..as_it_is() }),
        ("26: does not stop", STOPS, ALONE, with(|_, _, rules| rules.stops = false)),
        ("27: does not check the configuration again", ROLLS_BACK_FAULTS, with_people(ROLLBACK), with(|_, seen, _| seen.fault = Part::Read(Fault::Shown))),
        ("27: rolls back what another has promoted", ROLLS_BACK_OWN, with_people(ROLLBACK), with(|_, seen, _| real_reports(seen, |run| run.is_some()))),
        ("28: does not use its key", RELEASED, ALONE, Operator { uses_keys: false, ..as_it_is() }),
        ("a second process: records over what another has written", RELEASED, TWO_PROCESSES, Operator { is_fenced: false, ..as_it_is() }),
        ("a second process: trusts any lock", PROMOTES_OWN, TWO_PROCESSES, trusts(Row::R8)),
    ]
}

#[test]
fn an_operator_that_does_a_row_wrong_is_found_out() {
    let mut passed = Vec::new();
    for (what, property, setting, operator) in mutants() {
        println!("{what}:");
        if !broken(setting, &operator, Some(property)).contains(property) {
            passed.push(what);
        }
    }
    assert!(passed.is_empty(), "not found out: {passed:?}");
}
