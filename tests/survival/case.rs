//! One case of the matrix: a trouble at a call of a procedure.

use std::{
    fmt,
    time::{Duration, Instant},
};

use jiff::SignedDuration;
use pingone_aic_harness::condition;
use pingone_aic_simulator::Exchange;
use serde_json::json;

use crate::{
    arena::{API_SERVER, Arena, PATIENCE, REAL_PATIENCE, subject::Subject},
    boundary::Boundary,
    procedure::Procedure,
    trouble::Trouble,
};

/// How long a promotion of somebody else's takes: longer than a deletion waits for a tenant that is away.
const LOCKED_FOR: Duration = Duration::from_mins(15);

#[derive(Clone)]
pub struct Case {
    pub procedure: Procedure,
    pub boundary: Boundary,
    pub trouble: Trouble,
}

impl Arena {
    /// What a procedure does when nothing goes wrong.
    pub async fn boundaries(&mut self, procedure: Procedure) -> Vec<Boundary> {
        let subject = self.subject();
        let mut started = procedure.prepare(self, &subject).await.unwrap();
        let from = self.network.position();
        started.begin(self, &subject).await;
        started.end(self, &subject).await.unwrap();
        let boundaries = Boundary::of(&self.network.journal_since(from), &subject);
        assert!(!boundaries.is_empty(), "a {procedure} makes calls");
        self.forget(&subject).await;
        boundaries
    }

    pub async fn run(&mut self, case: &Case) -> Result<(), String> {
        let subject = self.subject();
        match case.trouble {
            Trouble::KillAfterWithFastTenant => subject.tenant.set_clock_skew(SignedDuration::from_mins(5)),
            Trouble::KillAfterWithSlowTenant => subject.tenant.set_clock_skew(SignedDuration::from_mins(-5)),
            _ => {}
        }
        let result = self.run_with(case, &subject).await;
        self.forget(&subject).await;
        result
    }

    async fn run_with(&mut self, case: &Case, subject: &Subject) -> Result<(), String> {
        let mut started = case.procedure.prepare(self, subject).await?;
        let from = self.network.position();
        let rule = self
            .network
            .fault(case.boundary.rule(subject), case.trouble.fault());
        started.begin(self, subject).await;
        self.met(from, case.trouble.is_processed(), &case.boundary)
            .await?;
        if case.trouble.kills() {
            self.restart().await;
        }
        match case.trouble {
            Trouble::AccountRevoked => self.replace_account(subject).await,
            Trouble::ApiServerAway => self.take_api_server_away().await,
            Trouble::Locked => {
                subject.tenant.console().lock();
                rule.remove();
                self.wait_out_the_lock(subject).await?;
            }
            _ => {}
        }
        let result = started.end(self, subject).await;
        rule.remove();
        result
    }

    /// A lock is no failure, however long it lasts.
    async fn wait_out_the_lock(&mut self, subject: &Subject) -> Result<(), String> {
        let mut passed = Duration::ZERO;
        while passed < LOCKED_FOR {
            passed += self.step().await;
            let object = self.integration(subject).await;
            if object.is_some_and(|object| !condition(&object, "Stalled").is_null()) {
                return Err("it is Stalled by a lock".to_owned());
            }
        }
        subject.tenant.console().unlock();
        Ok(())
    }

    async fn replace_account(&mut self, subject: &Subject) {
        for account in subject.accounts() {
            subject.tenant.revoke_service_account(&account);
        }
        self.advance(Duration::from_mins(1)).await;
        subject.set_account(&self.namespace).await;
    }

    pub async fn take_api_server_away(&mut self) {
        let outage = self.network.outage(API_SERVER);
        for _ in 0..12 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            self.advance(Duration::from_secs(5)).await;
        }
        drop(outage);
    }

    pub async fn restart(&mut self) {
        self.operator.kill();
        self.operator.start().await.unwrap();
    }

    /// Waits until the fault has met a call that was made since, and moves the clock while nothing is going on. How
    /// often a question is asked, or a status written, is a matter of timing: a later one of its kind may not come
    /// again, which is counted.
    pub async fn met(&mut self, since: usize, processed: bool, boundary: &Boundary) -> Result<(), String> {
        let (mut passed, started) = (Duration::ZERO, Instant::now());
        let is_met =
            |exchange: &Exchange| exchange.fault.is_some() && (!processed || exchange.status.is_some());
        while !self.network.journal_since(since).iter().any(is_met) {
            if passed > PATIENCE || started.elapsed() > REAL_PATIENCE {
                if boundary.is_first() {
                    return Err("the call was not made".to_owned());
                }
                self.unmet += 1;
                return Ok(());
            }
            passed += self.step().await;
        }
        Ok(())
    }

    /// Removes the objects, so that nothing more is done for them.
    pub async fn forget(&mut self, subject: &Subject) {
        let patch = json!({"metadata": {"finalizers": null}});
        if self.integration(subject).await.is_some() {
            // It may go by itself in this moment.
            let _ = self
                .namespace
                .patch("AICIntegration", &subject.name, &patch)
                .await;
            let _ = self.namespace.delete("AICIntegration", &subject.name).await;
        }
        let _ = self.namespace.delete("PingOneConnection", &subject.name).await;
    }
}

impl fmt::Display for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            procedure,
            boundary,
            trouble,
        } = self;
        write!(formatter, "{procedure}, {trouble} at {boundary}")
    }
}
