//! A model of the protocol, explored exhaustively within its budgets: it calls the same function as the operator.

mod explore;
mod liveness;
mod platform;
mod process;
mod run;
mod world;

use std::collections::BTreeSet;

use k8s_openapi::jiff::Timestamp;
use stateright::{Checker, HasDiscoveries, Model};

use self::{
    explore::{Setting, World},
    platform::Names,
    world::{Budget, Decide, Operator},
};
use super::{Act, Expected, Fault, Rules, Sight, Wait, decide, lock_accepted};
use crate::{
    aic::Progress,
    api::{Action, Reason, StageStatus, Step},
};

const ALONE: Setting = Setting {
    processes: &[0],
    action: Action::Promotion,
    names: Names::Different,
    budget: Budget {
        troubles: 1,
        person: 1,
        minutes: 4,
        quiet_periods: 1,
    },
    can_stop: true,
};
const TWO_RUNS: Setting = Setting {
    processes: &[0, 1],
    action: Action::Promotion,
    names: Names::Different,
    budget: Budget {
        troubles: 1,
        person: 0,
        minutes: 2,
        quiet_periods: 1,
    },
    can_stop: false,
};
/// Two clusters, or one that was built anew: at most one of two runs of one name promotes.
const NAMESAKES: Setting = Setting {
    names: Names::TheSame,
    ..TWO_RUNS
};
/// As without a leader election, or when one who leads no more goes on for a while.
const TWO_PROCESSES: Setting = Setting {
    processes: &[0, 0],
    budget: Budget {
        person: 1,
        minutes: 1,
        ..TWO_RUNS.budget
    },
    ..TWO_RUNS
};
/// A person may lock, and promote, before the rollback.
const ROLLBACK: Setting = Setting {
    action: Action::Rollback,
    budget: Budget {
        person: 2,
        minutes: 3,
        ..ALONE.budget
    },
    ..ALONE
};

const AS_IT_IS: Operator = Operator {
    decide,
    is_fenced: true,
};

const END: &str = "a run comes to its end";

/// Explores until the model is exhausted, or until this property is found broken; the properties that do not hold.
fn broken(setting: Setting, operator: Operator, until: Option<&'static str>) -> BTreeSet<&'static str> {
    let enough = until.map_or(HasDiscoveries::AnyFailures, |property| {
        HasDiscoveries::AllOf(BTreeSet::from([property]))
    });
    let world = World { setting, operator };
    let checker = world.checker().threads(2).finish_when(enough).spawn_bfs().join();
    println!(
        "{} states, {} of them unique, depth {}",
        checker.state_count(),
        checker.unique_state_count(),
        checker.max_depth()
    );
    let mut discoveries = checker.discoveries();
    let has_end = discoveries.remove(END).is_some();
    for (name, path) in &discoveries {
        println!("{name}: {:?}", path.clone().into_actions());
    }
    assert!(has_end || !discoveries.is_empty(), "a run comes to its end");
    discoveries.into_keys().collect()
}

#[test]
fn the_law_holds_for_a_run_that_is_alone_with_a_person() {
    assert_eq!(broken(ALONE, AS_IT_IS, None), BTreeSet::new());
}

#[test]
fn the_law_holds_for_two_runs_that_do_not_know_each_other() {
    assert_eq!(broken(TWO_RUNS, AS_IT_IS, None), BTreeSet::new());
}

#[test]
fn the_law_holds_for_two_runs_of_one_name() {
    assert_eq!(broken(NAMESAKES, AS_IT_IS, None), BTreeSet::new());
}

#[test]
fn the_law_holds_for_two_processes_that_see_to_one_run_beside_a_person() {
    assert_eq!(broken(TWO_PROCESSES, AS_IT_IS, None), BTreeSet::new());
}

#[test]
fn the_law_holds_for_a_rollback_beside_a_person() {
    assert_eq!(broken(ROLLBACK, AS_IT_IS, None), BTreeSet::new());
}

/// A minute more for each costs three times the states.
#[test]
#[ignore = "takes a minute: cargo model -- --include-ignored"]
fn the_law_holds_for_two_runs_that_have_more_time() {
    for mut setting in [TWO_RUNS, NAMESAKES] {
        setting.budget.minutes += 1;
        assert_eq!(broken(setting, AS_IT_IS, None), BTreeSet::new());
    }
}

/// A test of the test: each line of the law, broken on purpose, is found.
#[test]
fn a_protocol_that_breaks_the_law_is_found_out() {
    let that = |decide: Decide| Operator { decide, ..AS_IT_IS };
    let unfenced = Operator {
        is_fenced: false,
        ..AS_IT_IS
    };
    let (promotes, removes) = (
        "nothing is promoted under a stranger's lock",
        "no stranger's lock is removed",
    );
    let gone = "a lock that we took is eventually gone";
    let table = [
        (promotes, ALONE, that(trusts_any_lock)),
        (removes, ALONE, that(removes_any_lock)),
        (gone, ALONE, that(forgets_its_lock)),
        (
            "a stage is promoted once, and rolled back once",
            ALONE,
            that(reads_no_reports),
        ),
        (
            "only what a run has promoted itself, and last, is rolled back",
            ROLLBACK,
            that(sees_its_own_reports_alone),
        ),
        (
            "only what is shown at fault is rolled back",
            ROLLBACK,
            that(rolls_back_unseen),
        ),
        (
            "no lock is removed while something runs",
            ALONE,
            that(removes_what_runs),
        ),
        (
            "nothing is promoted that nobody has accepted",
            ALONE,
            that(compares_no_content),
        ),
        (removes, ALONE, that(waits_for_no_quiet_period)),
        (gone, ALONE, that(forgets_a_lost_request)),
        (removes, ALONE, that(judges_late_locks)),
        (promotes, TWO_PROCESSES, that(trusts_any_lock)),
        (removes, TWO_PROCESSES, that(removes_any_lock)),
        (gone, TWO_PROCESSES, unfenced),
    ];
    for (property, setting, operator) in table {
        let broken = broken(setting, operator, Some(property));
        assert!(broken.contains(property), "{broken:?}");
    }
}

fn trusts_any_lock(stage: &StageStatus, sight: &Sight, rules: &Rules<'_>, now: Timestamp) -> Act {
    match sight.lock.common_id() {
        Some(id) if stage.step == Some(Step::LockRequested) => Act::Remember(lock_accepted(stage, id)),
        _ => decide(stage, sight, rules, now),
    }
}

fn removes_any_lock(stage: &StageStatus, sight: &Sight, rules: &Rules<'_>, now: Timestamp) -> Act {
    match sight.lock.common_id() {
        Some(id) if stage.step.is_none() => Act::Unlock(
            id.to_owned(),
            Wait {
                reason: Reason::Unlocking,
                is_stalled: false,
                message: String::new(),
                after: super::pace::POLL,
            },
        ),
        _ => decide(stage, sight, rules, now),
    }
}

fn forgets_its_lock(stage: &StageStatus, sight: &Sight, rules: &Rules<'_>, now: Timestamp) -> Act {
    match decide(stage, sight, rules, now) {
        Act::Unlock(..) => Act::Remember(StageStatus {
            step: Some(Step::Done),
            ..stage.clone()
        }),
        act => act,
    }
}

fn reads_no_reports(stage: &StageStatus, sight: &Sight, rules: &Rules<'_>, now: Timestamp) -> Act {
    let mut sight = sight.clone();
    sight.reports.retain(|report| report.is_dry_run);
    decide(stage, &sight, rules, now)
}

fn rolls_back_unseen(stage: &StageStatus, sight: &Sight, rules: &Rules<'_>, now: Timestamp) -> Act {
    let sight = Sight {
        fault: Fault::Shown,
        ..sight.clone()
    };
    decide(stage, &sight, rules, now)
}

fn removes_what_runs(stage: &StageStatus, sight: &Sight, rules: &Rules<'_>, now: Timestamp) -> Act {
    let mut sight = sight.clone();
    if stage.step == Some(Step::Unlocking) {
        sight.run = Progress::with_status("READY");
    }
    decide(stage, &sight, rules, now)
}

fn compares_no_content(stage: &StageStatus, sight: &Sight, rules: &Rules<'_>, now: Timestamp) -> Act {
    let rules = Rules {
        expected: Expected::default(),
        ..rules.clone()
    };
    decide(stage, sight, &rules, now)
}

fn waits_for_no_quiet_period(stage: &StageStatus, sight: &Sight, rules: &Rules<'_>, now: Timestamp) -> Act {
    let rules = Rules {
        quiet_for: super::QUIET_PERIOD,
        ..rules.clone()
    };
    decide(stage, sight, &rules, now)
}

fn forgets_a_lost_request(stage: &StageStatus, sight: &Sight, rules: &Rules<'_>, now: Timestamp) -> Act {
    match decide(stage, sight, rules, now) {
        Act::Remember(stage) => Act::Remember(StageStatus {
            suspect: None,
            ..stage
        }),
        act => act,
    }
}

fn judges_late_locks(stage: &StageStatus, sight: &Sight, rules: &Rules<'_>, now: Timestamp) -> Act {
    let mut stage = stage.clone();
    if let Some(lock) = &mut stage.lock
        && let Some(seen) = &mut lock.seen
    {
        seen.since = lock.requested_at.clone();
        lock.contested = false;
    }
    decide(&stage, sight, rules, now)
}

fn sees_its_own_reports_alone(stage: &StageStatus, sight: &Sight, rules: &Rules<'_>, now: Timestamp) -> Act {
    let mut sight = sight.clone();
    sight.reports.retain(|report| report.mark.is_some());
    decide(stage, &sight, rules, now)
}
