//! The law, held against what the journal and the tenants show when a run is over.

use pingone_aic_simulator::Exchange;

use super::Started;

impl Started {
    /// What the law forbids and these calls, all since the run began, have done.
    pub fn crime(&self, calls: &[Exchange]) -> Option<String> {
        let calls: Vec<_> = calls.iter().filter(|call| self.is_at_a_tenant(call)).collect();
        let given: Vec<_> = calls
            .iter()
            .filter(|call| call.is("POST", "/promotion/lock") && call.status == Some(202))
            .filter_map(|call| call.response["promotionId"].as_str())
            .collect();
        self.company
            .stranded()
            .or_else(|| self.repeated())
            .or_else(|| self.done_under_foreign(&given))
            .or_else(|| removed_foreign(&calls, &given))
    }

    /// What the tenants have reported of this run: the stage, promotion or rollback, and under which lock.
    fn done(&self) -> Vec<(&'static str, &'static str, String)> {
        let mark = format!("{}/{} ", self.namespace, self.name);
        let sites = self.company.sites.iter();
        sites
            .flat_map(|site| {
                let done = site.tenant.done_under(&mark).into_iter();
                done.map(|(what, lock)| (site.stage, what, lock))
            })
            .collect()
    }

    /// A stage that was promoted, or rolled back, more than once.
    fn repeated(&self) -> Option<String> {
        let mut done: Vec<_> = self
            .done()
            .into_iter()
            .map(|(stage, what, _)| (stage, what))
            .collect();
        done.sort_unstable();
        let twice = done.windows(2).find(|two| two[0] == two[1])?;
        Some(format!("stage {}: {} twice", twice[0].0, twice[0].1))
    }

    /// Something that was done under a lock that no answer to this run has named, lost ones included.
    fn done_under_foreign(&self, given: &[&str]) -> Option<String> {
        let done = self.done().into_iter();
        let mut foreign = done.filter(|(.., lock)| !given.contains(&lock.as_str()));
        let (stage, what, lock) = foreign.next()?;
        Some(format!(
            "stage {stage}: a {what} under lock {lock}, which is none that was given to this run"
        ))
    }
}

/// The same of a lock whose removal was asked for.
fn removed_foreign(calls: &[&Exchange], given: &[&str]) -> Option<String> {
    let removals = calls.iter().filter(|call| call.method == "DELETE");
    removals
        .filter_map(|call| Some(call.path.rsplit_once("/promotion/lock/")?.1))
        .find(|id| !given.contains(id))
        .map(|id| format!("lock {id} was removed, and is none that was given to this run"))
}
