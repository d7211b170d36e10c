//! A model of the protocol, explored exhaustively within its budgets: it calls the same functions as the operator.

#![allow(clippy::struct_excessive_bools, reason = "each is a question of its own")]

mod deciding;
mod explore;
mod fair;
mod mutants;
mod platform;
mod process;
mod run;
mod world;

use std::{collections::BTreeSet, sync::Arc};

use stateright::{Checker, HasDiscoveries, Model};

use self::{
    explore::{Setting, World},
    platform::Names,
    world::{Budget, Operator, Reached},
};
use super::{Fault, Row, decide};
use crate::api::FailurePolicy;

const ALONE: Setting = Setting {
    processes: &[0],
    names: Names::Different,
    fault: Fault::ShownRight,
    on_failure: FailurePolicy::Halt,
    budget: Budget {
        faults: 1,
        console: 1,
        minutes: 2,
        quiet_periods: 1,
    },
    can_stop: true,
    has_cluster_faults: true,
    has_tenant_faults: true,
    begins_well: false,
};
const TWO_RUNS: Setting = Setting {
    processes: &[0, 1],
    budget: Budget {
        console: 0,
        minutes: 2,
        quiet_periods: 0,
        ..ALONE.budget
    },
    can_stop: false,
    has_cluster_faults: false,
    has_tenant_faults: false,
    ..ALONE
};
/// Two clusters, or one that was built anew: at most one of two runs of one name promotes.
const NAMESAKES: Setting = Setting {
    names: Names::TheSame,
    budget: Budget {
        minutes: 3,
        ..TWO_RUNS.budget
    },
    ..TWO_RUNS
};
/// As without a leader election, or when one who leads no more goes on for a while.
const TWO_PROCESSES: Setting = Setting {
    processes: &[0, 0],
    budget: Budget {
        console: 1,
        minutes: 1,
        ..TWO_RUNS.budget
    },
    ..TWO_RUNS
};
/// What was promoted is at fault, and is rolled back.
const ROLLBACK: Setting = Setting {
    fault: Fault::Shown,
    on_failure: FailurePolicy::Rollback,
    budget: Budget {
        minutes: 6,
        quiet_periods: 0,
        ..ALONE.budget
    },
    can_stop: false,
    has_cluster_faults: false,
    has_tenant_faults: false,
    begins_well: true,
    ..ALONE
};

fn as_it_is() -> Operator {
    Operator {
        decide: Arc::new(decide),
        verify: |verification| verification.decide(),
        on_failure: FailurePolicy::Halt,
        is_fenced: true,
        records_first: true,
        releases_unrecorded: true,
        uses_keys: true,
        reached: Arc::new(Reached::default()),
    }
}

/// Explores until the model is exhausted, or something is found broken; the properties that do not hold, of all or of the
/// one that is expected to be broken.
fn broken(setting: Setting, operator: &Operator, expected: Option<&'static str>) -> BTreeSet<&'static str> {
    let world = World::new(setting, operator.clone(), expected);
    let checker = world
        .checker()
        .threads(2)
        .finish_when(HasDiscoveries::AnyFailures);
    let checker = checker.spawn_bfs().join();
    println!(
        "{} states, {} of them unique, depth {}",
        checker.state_count(),
        checker.unique_state_count(),
        checker.max_depth()
    );
    let discoveries = checker.discoveries();
    for (name, path) in &discoveries {
        println!("{name}: {:?}", path.clone().into_actions());
    }
    discoveries.into_keys().collect()
}

const SETTINGS: [(&str, Setting); 5] = [
    ("a run that is alone with people", ALONE),
    ("two runs that do not know each other", TWO_RUNS),
    ("two runs of one name", NAMESAKES),
    ("two processes that see to one run beside people", TWO_PROCESSES),
    ("a rollback beside people", ROLLBACK),
];

/// Everything that is claimed is reached, from the beginning of a run.
fn holds_and_reaches_everything(change: impl Fn(Setting) -> Setting) {
    let operator = as_it_is();
    for (what, setting) in SETTINGS {
        println!("{what}:");
        assert_eq!(
            broken(change(setting), &operator, None),
            BTreeSet::new(),
            "{what}"
        );
    }
    let reached = operator.reached.all();
    let claimed = Row::ALL
        .iter()
        .map(ToString::to_string)
        .chain(EXCEPTIONS.map(String::from));
    let missing: Vec<_> = claimed.filter(|what| !reached.contains(what)).collect();
    assert!(missing.is_empty(), "not reached: {missing:?}");
}

#[test]
fn the_invariants_hold_and_every_row_is_reached() {
    holds_and_reaches_everything(|setting| setting);
}

/// As much as ten minutes and 8 GiB allow.
#[test]
#[ignore = "takes minutes and gigabytes: cargo model -- --include-ignored"]
fn the_invariants_hold_where_more_goes_wrong() {
    holds_and_reaches_everything(|setting| Setting {
        budget: Budget {
            // A minute more for two processes costs ten times the states.
            minutes: setting.budget.minutes + u8::from(setting.processes.len() == 1),
            ..setting.budget
        },
        has_cluster_faults: true,
        has_tenant_faults: true,
        can_stop: true,
        ..setting
    });
}

const EXCEPTIONS: [&str; 8] = [
    "a dry run that comes too late",
    "a lock that could not be recorded",
    "a lock that a person says is to go",
    "a request for a lock that comes too late",
    "a request to promote that comes too late",
    "a status that has forgotten a lock",
    "an idle lock that was a person's",
    "an object that is torn out",
];
