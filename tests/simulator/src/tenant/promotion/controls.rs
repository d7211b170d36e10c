//! What a test does to promotions: as a person at the console, and as fate.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::super::{Console, Tenant};
use super::lock::LockState;
use super::order::Order;
use super::run::{FAILED, Kind};
use super::{locking, start};
use crate::message::Answer;

impl Console {
    /// Locks this environment alone, at once; the promotion id.
    #[allow(clippy::must_use_candidate, reason = "the id is of interest to few tests")]
    pub fn lock(&self) -> String {
        let id = Uuid::new_v4().to_string();
        self.0.state().lock.take(&id);
        id
    }

    /// Unlocks this environment alone, at once.
    pub fn unlock(&self) {
        self.0.state().lock.free();
    }

    /// Begins to lock this environment and the one below, as the API does; the promotion id.
    ///
    /// # Panics
    /// If that is refused, as the other beginnings do.
    #[allow(clippy::must_use_candidate, reason = "the id is of interest to few tests")]
    pub fn begin_lock(&self) -> String {
        done(locking::begin_lock(&self.0))
    }

    /// The same, if nothing is in the way.
    #[must_use]
    pub fn try_lock(&self) -> Option<String> {
        locking::begin_lock(&self.0).ok()
    }

    /// Begins to unlock this environment and the one below.
    pub fn begin_unlock(&self, promotion_id: &str) {
        done(locking::unlock(&self.0, promotion_id));
    }

    /// Begins a dry run of a promotion from the environment below.
    pub fn begin_dry_run(&self) {
        self.begin(Kind::DryRun, "");
    }

    /// Begins a promotion from the environment below, which unlocks when it is done.
    pub fn begin_promotion(&self, description: &str) {
        self.begin(Kind::Promotion, description);
    }

    /// Begins to roll the most recent promotion back, which unlocks when it is done.
    pub fn begin_rollback(&self, description: &str) {
        self.begin(Kind::Rollback, description);
    }

    fn begin(&self, kind: Kind, description: &str) {
        let order = Order {
            kind,
            ignore_encrypted_secrets: false,
            promoter: Self::PERSON.to_owned(),
            description: description.to_owned(),
            unlock: true,
        };
        done(start::run(&self.0, order));
    }
}

/// A promotion or a rollback that was really done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// `promotion` or `rollback`.
    pub kind: &'static str,
    /// In the words of who asked for it.
    pub description: String,
    /// The promotion id of the lock that it was done under.
    pub lock: Option<String>,
}

impl Tenant {
    /// The state of this environment's own lock.
    #[must_use]
    pub fn lock_state(&self) -> LockState {
        self.state().lock.state()
    }

    /// Whether a dry run, a promotion or a rollback is under way here.
    #[must_use]
    pub fn is_promoting(&self) -> bool {
        self.state().promotions.is_running()
    }

    /// The promotion id that this environment's own lock bears.
    #[must_use]
    pub fn locked_by(&self) -> Option<String> {
        let state = self.state();
        let id = state.lock.promotion_id();
        id.filter(|_| state.lock.state() != LockState::Unlocked)
            .map(str::to_owned)
    }

    /// What was really done here that bears this in its description.
    #[must_use]
    pub fn done(&self, description: &str) -> Vec<Done> {
        let state = self.state();
        let reports = state.promotions.reports.iter();
        reports
            .filter(|report| !report.dry_run && report.description.contains(description))
            .map(|report| Done {
                kind: report.kind,
                description: report.description.clone(),
                lock: report.promotion_id.clone(),
            })
            .collect()
    }

    /// The next lock of this environment and the one below ends in an error.
    pub fn fail_next_lock(&self) {
        self.state().promotions.next_lock_fails = true;
    }

    /// This environment's own lock, if it is taken, fails at this moment.
    pub fn fail_lock(&self) {
        self.state().lock.fail();
    }

    /// The next time that this environment and the one below are unlocked ends in an error.
    pub fn fail_next_unlock(&self) {
        self.state().promotions.next_unlock_fails = true;
    }

    /// The next dry run, promotion or rollback here ends with a blocking error and changes nothing.
    pub fn fail_next_run(&self) {
        self.fail_next_run_saying(FAILED);
    }

    /// The same with this message.
    pub fn fail_next_run_saying(&self, message: &str) {
        self.state().promotions.next_failure = Some(message.to_owned());
    }

    /// The report of the next run here lacks these members, such as `reportId` and `dryRun`, in the list as by itself.
    pub fn omit_from_next_report(&self, members: &[&'static str]) {
        self.state().promotions.next_report_omits = members.to_vec();
    }

    /// The report of the next run here has this section, too, whatever it is.
    pub fn add_to_next_report(&self, section: &str, content: Value) {
        let adds = &mut self.state().promotions.next_report_adds;
        adds.insert(section.to_owned(), content);
    }

    /// Every report of what begins here from now on bears this date.
    pub fn date_reports(&self, date: Timestamp) {
        self.state().promotions.date_of_reports = Some(date);
    }

    /// How often somebody has asked to remove a lock while something ran under it.
    #[must_use]
    pub fn removals_while_running(&self) -> u32 {
        self.state().promotions.removals_while_running
    }

    /// The encrypted secrets that a promotion from this environment to the one above finds; none by default.
    pub fn set_encrypted_secrets(&self, names: &[&str]) {
        self.state().promotions.encrypted_secrets = names.iter().map(|name| (*name).to_owned()).collect();
    }

    /// Shows this as the status of promotions here, whatever it is in truth; none ends that.
    pub fn show_promotion_status(&self, status: Option<&str>) {
        self.state().promotions.shown_status = status.map(str::to_owned);
    }
}

fn done<T>(outcome: Result<T, Answer>) -> T {
    outcome.unwrap_or_else(|refusal| panic!("the console refuses: {}", refusal.body))
}
