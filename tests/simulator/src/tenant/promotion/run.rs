//! A dry run, a promotion or a rollback, under way or over.

use std::collections::BTreeSet;
use std::mem;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::super::configuration::StaticConfiguration;
use super::super::state::State;
use super::order::Order;
use super::report::Report;

/// [assumed] What is said of a run that comes to nothing.
pub(super) const FAILED: &str = "Promotion failed";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    DryRun,
    Promotion,
    Rollback,
}

impl Kind {
    /// As the API calls it, to which a dry run is a promotion.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::DryRun | Self::Promotion => "promotion",
            Self::Rollback => "rollback",
        }
    }
}

/// A run, under way or over. What comes of it is known from the start, for both sides are frozen.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) promotion_id: String,
    pub(super) order: Order,
    pub(super) ends: Timestamp,
    pub(super) over: bool,
    /// It comes to nothing, and this is said of it.
    pub(super) failure: Option<String>,
    pub(super) encrypted_secrets: Vec<String>,
    pub(super) report: Report,
    /// What the upper environment has afterwards.
    pub(super) configuration: StaticConfiguration,
}

impl Run {
    /// Whether something that it has found stands in its way.
    pub(super) fn is_unfit(&self) -> bool {
        let ignores = self.order.ignore_encrypted_secrets;
        !self.report.missing_esvs.is_empty() || (!self.encrypted_secrets.is_empty() && !ignores)
    }
}

/// The upper environment's side of promotions.
#[derive(Debug, Default)]
pub(in super::super) struct Promotions {
    /// The last one.
    pub(super) run: Option<Run>,
    /// Oldest first.
    pub(super) reports: Vec<Report>,
    /// What the most recent promotion replaced; none once it is rolled back.
    pub(super) before_promotion: Option<StaticConfiguration>,
    /// Encrypted secrets that an earlier promotion ignored.
    pub(super) ignored_secrets: BTreeSet<String>,
    /// Encrypted secrets that a promotion from here finds.
    pub(super) encrypted_secrets: Vec<String>,
    pub(super) next_lock_fails: bool,
    pub(super) next_unlock_fails: bool,
    /// What the next run says as it fails.
    pub(super) next_failure: Option<String>,
    pub(super) shown_status: Option<String>,
    /// Members that the next run's report lacks.
    pub(super) next_report_omits: Vec<&'static str>,
    /// Sections that the next run's report has beside its own.
    pub(super) next_report_adds: Map<String, Value>,
    /// The date of every report from now on.
    pub(super) date_of_reports: Option<Timestamp>,
    /// How often a program has asked to remove a lock while something ran under it.
    pub(super) removals_while_running: u32,
}

impl Promotions {
    pub(super) fn is_running(&self) -> bool {
        self.run.as_ref().is_some_and(|run| !run.over)
    }

    /// The reports that are there by now, oldest first.
    pub(super) fn reported(&self, now: Timestamp) -> impl DoubleEndedIterator<Item = &Report> {
        self.reports.iter().filter(move |report| report.shown_from <= now)
    }
}

impl State {
    /// Ends the run whose time has come. Tells the promotion id and the end of one that unlocks.
    pub(super) fn end_run(&mut self, now: Timestamp) -> Option<(String, Timestamp)> {
        let Promotions {
            run,
            reports,
            before_promotion,
            ignored_secrets,
            ..
        } = &mut self.promotions;
        let run = run.as_mut().filter(|run| !run.over && run.ends <= now)?;
        run.over = true;
        if run.failure.is_some() {
            return None;
        }
        reports.push(run.report.clone());
        let Order { kind, unlock, .. } = run.order;
        if kind == Kind::DryRun {
            return None;
        }
        let before = mem::replace(&mut self.configuration, mem::take(&mut run.configuration));
        *before_promotion = (kind == Kind::Promotion).then_some(before);
        // It would be blocked if it did not ignore them.
        ignored_secrets.extend(run.encrypted_secrets.iter().cloned());
        unlock.then(|| (run.promotion_id.clone(), run.ends))
    }
}
