//! The law, held against what the journal and the tenants show.

use std::collections::HashSet;

use pingone_aic_simulator::{Exchange, tenant::Done};

use super::{Env, company::Company};

/// What the operator adds to each description of its own.
pub const MARK: &str = "[pingone-aic-operator ";

impl Env {
    /// What the law forbids and has been done in a company's environments.
    pub fn violation(&self, company: &Company) -> Option<String> {
        company.violation(&self.network.journal(), MARK)
    }
}

impl Company {
    /// What the law forbids and was done by those whose descriptions bear this mark, to whom all these calls belong.
    pub fn violation(&self, calls: &[Exchange], mark: &str) -> Option<String> {
        let is_ours = |call: &&Exchange| self.sites.iter().any(|site| site.tenant.host() == call.host);
        let calls: Vec<_> = calls.iter().filter(is_ours).collect();
        // Lost answers are in the journal, too.
        let given: Vec<_> = calls
            .iter()
            .filter(|call| call.is("POST", "/promotion/lock") && call.status == Some(202))
            .filter_map(|call| call.response["promotionId"].as_str())
            .collect();
        let done = self.done(mark);
        self.stranded()
            .or_else(|| repeated(&done))
            .or_else(|| done_under_foreign(&done, &given))
            .or_else(|| removed_foreign(&calls, &given))
            .or_else(|| asked_twice(&calls))
            .or_else(|| self.removed_while_running())
    }

    /// An environment whose lock was to be removed while something ran under it, whatever the tenant made of that.
    fn removed_while_running(&self) -> Option<String> {
        let mut sites = self.sites.iter();
        let site = sites.find(|site| site.tenant.removals_while_running() > 0)?;
        Some(format!("stage {}: a lock was to go under what ran", site.stage))
    }

    /// What the tenants have reported, by stage.
    fn done(&self, mark: &str) -> Vec<(&'static str, Done)> {
        let sites = self.sites.iter();
        sites
            .flat_map(|site| {
                let done = site.tenant.done(mark).into_iter();
                done.map(|done| (site.stage, done))
            })
            .collect()
    }
}

/// A stage that a run has promoted, or rolled back, more than once.
fn repeated(done: &[(&str, Done)]) -> Option<String> {
    let mut all: Vec<_> = done
        .iter()
        .map(|(stage, done)| (stage, done.kind, &done.description))
        .collect();
    all.sort_unstable();
    let twice = all.windows(2).find(|two| two[0] == two[1])?;
    Some(format!(
        "stage {}: {} twice, {}",
        twice[0].0, twice[0].1, twice[0].2
    ))
}

/// Something that was done under a lock that no answer to us has named.
fn done_under_foreign(done: &[(&str, Done)], given: &[&str]) -> Option<String> {
    let is_given = |lock: &Option<String>| lock.as_ref().is_some_and(|lock| given.contains(&lock.as_str()));
    let (stage, done) = done.iter().find(|(_, done)| !is_given(&done.lock))?;
    Some(format!(
        "stage {stage}: {done:?}, under a lock that was not given"
    ))
}

/// The same of a lock whose removal was asked for.
fn removed_foreign(calls: &[&Exchange], given: &[&str]) -> Option<String> {
    let removals = calls.iter().filter(|call| call.method == "DELETE");
    removals
        .filter_map(|call| Some(call.path.rsplit_once("/promotion/lock/")?.1))
        .find(|id| !given.contains(id))
        .map(|id| format!("lock {id} was removed, and was not given"))
}

/// A promotion or a rollback that was asked for more than once under one lock, and not refused the first time.
fn asked_twice(calls: &[&Exchange]) -> Option<String> {
    let mut asked = HashSet::new();
    for call in calls {
        if call.is("POST", "/promotion/lock") {
            // The lock before it is gone.
            asked.remove(&call.host);
        }
        let is_real = call.is("POST", "/promotion/promote") && call.request["dryRun"] == false
            || call.is("POST", "/promotion/rollback");
        let is_refused = matches!(call.status, Some(400 | 401 | 403 | 409 | 411 | 429));
        if is_real && !is_refused && !asked.insert(&call.host) {
            return Some(format!("asked for twice under one lock: {call}"));
        }
    }
    None
}
