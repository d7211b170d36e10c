//! One case of the matrix: a trouble at a call of a procedure.

use std::{
    fmt,
    time::{Duration, Instant},
};

use easy_ext::ext;
use jiff::SignedDuration;
use pingone_aic_harness::condition;
use pingone_aic_simulator::Exchange;
use pingone_aic_support::{API_SERVER, Env, PATIENCE, REAL_PATIENCE, fixture::Fixture};
use serde_json::json;

use crate::{boundary::Boundary, procedure::Procedure, trouble::Trouble};

/// How long a promotion of somebody else's takes: longer than a deletion waits for a tenant that is away.
const LOCKED_FOR: Duration = Duration::from_mins(15);

#[derive(Clone)]
pub struct Case {
    pub procedure: Procedure,
    pub boundary: Boundary,
    pub trouble: Trouble,
}

#[ext(Cases)]
pub(crate) impl Env {
    /// What a procedure does when nothing goes wrong.
    async fn boundaries(&mut self, procedure: Procedure) -> Vec<Boundary> {
        let fixture = self.fixture();
        let mut started = procedure.prepare(self, &fixture).await.unwrap();
        let from = self.network.position();
        started.begin(self, &fixture).await;
        started.end(self, &fixture).await.unwrap();
        let boundaries = Boundary::of(&self.network.journal_since(from), &fixture);
        assert!(!boundaries.is_empty(), "a {procedure} makes calls");
        self.forget(&fixture).await;
        boundaries
    }

    async fn run(&mut self, case: &Case) -> Result<(), String> {
        let fixture = self.fixture();
        // The end of the program holds that nothing of it was changed.
        fixture.add_strangers_mapping();
        match case.trouble {
            Trouble::KillAfterWithFastTenant => fixture.tenant.set_clock_skew(SignedDuration::from_mins(5)),
            Trouble::KillAfterWithSlowTenant => fixture.tenant.set_clock_skew(SignedDuration::from_mins(-5)),
            _ => {}
        }
        let result = self.run_with(case, &fixture).await;
        self.forget(&fixture).await;
        result
    }

    async fn run_with(&mut self, case: &Case, fixture: &Fixture) -> Result<(), String> {
        let mut started = case.procedure.prepare(self, fixture).await?;
        let from = self.network.position();
        let rule = self
            .network
            .fault(case.boundary.rule(fixture), case.trouble.fault());
        started.begin(self, fixture).await;
        self.met(from, case.trouble.is_processed(), &case.boundary)
            .await?;
        if case.trouble.kills() {
            self.restart().await;
        }
        match case.trouble {
            Trouble::AccountRevoked => self.replace_account(fixture).await,
            Trouble::ApiServerAway => self.take_api_server_away().await,
            Trouble::Locked => {
                fixture.tenant.console().lock();
                rule.remove();
                self.wait_out_the_lock(fixture).await?;
            }
            _ => {}
        }
        let result = started.end(self, fixture).await;
        rule.remove();
        result
    }

    /// A lock is no failure, however long it lasts.
    async fn wait_out_the_lock(&mut self, fixture: &Fixture) -> Result<(), String> {
        let mut passed = Duration::ZERO;
        while passed < LOCKED_FOR {
            passed += self.step().await;
            let object = self.integration(fixture).await;
            if object.is_some_and(|object| !condition(&object, "Stalled").is_null()) {
                return Err("it is Stalled by a lock".to_owned());
            }
        }
        fixture.tenant.console().unlock();
        Ok(())
    }

    async fn replace_account(&mut self, fixture: &Fixture) {
        for account in fixture.accounts() {
            fixture.tenant.revoke_service_account(&account);
        }
        self.advance(Duration::from_mins(1)).await;
        fixture.set_account(&self.namespace).await;
    }

    async fn take_api_server_away(&mut self) {
        let outage = self.network.outage(API_SERVER);
        for _ in 0..12 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            self.advance(Duration::from_secs(5)).await;
        }
        drop(outage);
    }

    async fn restart(&mut self) {
        self.operator.kill();
        self.operator.start().await.unwrap();
    }

    /// Waits until the fault has met a call that was made since, and moves the clock while nothing is going on. How
    /// often a question is asked, or a status written, is a matter of timing: a later one of its kind may not come
    /// again, which is counted.
    async fn met(&mut self, since: usize, processed: bool, boundary: &Boundary) -> Result<(), String> {
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
    async fn forget(&mut self, fixture: &Fixture) {
        let patch = json!({"metadata": {"finalizers": null}});
        if self.integration(fixture).await.is_some() {
            // It may go by itself in this moment.
            let _ = self
                .namespace
                .patch("AICIntegration", &fixture.name, &patch)
                .await;
            let _ = self.namespace.delete("AICIntegration", &fixture.name).await;
        }
        let _ = self.namespace.delete("PingOneConnection", &fixture.name).await;
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
