//! The law, held against what the journal and the tenants show when a run is over.

use pingone_aic_simulator::{Exchange, Fault};

use super::Started;

impl Started {
    /// What the law forbids and these calls, all since the run began, have done.
    pub fn crime(&self, calls: &[Exchange]) -> Option<String> {
        let calls: Vec<_> = calls.iter().filter(|call| self.is_at_a_tenant(call)).collect();
        self.company
            .stranded()
            .or_else(|| self.repeated(&calls))
            .or_else(|| removed_foreign(&calls))
    }

    /// A stage that was promoted, or rolled back, more than once.
    fn repeated(&self, calls: &[&Exchange]) -> Option<String> {
        self.company.sites.iter().find_map(|site| {
            let begun = |what: &str| {
                let begun = calls.iter().filter(|call| {
                    call.host == site.tenant.host()
                        && call.is("POST", what)
                        && call.request["dryRun"] != true
                        && call.status == Some(202)
                });
                begun.count()
            };
            let (promoted, rolled_back) = (begun("/promotion/promote"), begun("/promotion/rollback"));
            (promoted > 1 || rolled_back > 1).then(|| {
                format!(
                    "{}: promoted {promoted} times, rolled back {rolled_back} times",
                    site.stage
                )
            })
        })
    }
}

/// A lock whose removal was asked for although no answer to this run had named it, lost ones included.
fn removed_foreign(calls: &[&Exchange]) -> Option<String> {
    let asked = || calls.iter().filter(|call| call.is("POST", "/promotion/lock"));
    // Where the answer was made unreadable, the journal cannot tell either which lock it named.
    if asked().any(|call| call.fault == Some(Fault::Garbage)) {
        return None;
    }
    let given: Vec<_> = asked()
        .filter(|call| call.status == Some(202))
        .filter_map(|call| call.response["promotionId"].as_str())
        .collect();
    let removals = calls.iter().filter(|call| call.method == "DELETE");
    removals
        .filter_map(|call| Some(call.path.rsplit_once("/promotion/lock/")?.1))
        .find(|id| !given.contains(id))
        .map(|id| format!("lock {id} was removed, and is none that was given to this run"))
}
