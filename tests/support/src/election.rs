//! Two replicas that live by the clock that is moved: one leads, and one stands by.

use std::time::{Duration, Instant};

use pingone_aic_harness::Operator;
use serde_json::{Value, json};

use super::{Env, STEP};

/// Who has not asked for the lease for so long does not do it now.
const QUIET: Duration = Duration::from_millis(6);
/// Nobody needs longer to see to the lease.
const LONGEST: Duration = Duration::from_millis(500);

/// How far the clock is moved at once: a request about the lease takes more than one such move to run into its timeout.
const STRIDE: Duration = Duration::from_secs(2);

/// An operator that leads no more, and when that was.
pub struct Deposed {
    /// The operator itself.
    pub operator: Operator,
    since: Duration,
}

impl Env {
    /// With two replicas, of which one leads.
    pub async fn start_elected(sentence: &str) -> Self {
        Self::start_with(sentence, elected(&json!({})))
            .await
            .elect()
            .await
    }

    /// The same in a control plane of their own, all of whose namespaces they watch.
    pub async fn start_elected_alone(sentence: &str) -> Self {
        let all = elected(&json!({"watchAllNamespaces": true}));
        Self::start_alone(sentence, all).await.elect().await
    }

    async fn elect(mut self) -> Self {
        self.has_election = true;
        self.until_led().await;
        let operator = self.operator.replica(&self.namespace).await.unwrap();
        let since = Duration::ZERO;
        self.stand_by(Deposed { operator, since }).await;
        self
    }

    /// How far the clock is moved at once.
    pub(super) fn stride(&self) -> Duration {
        if self.has_election { STRIDE } else { STEP }
    }

    /// As a kubelet does: one that has ended, and was not to, is started again.
    pub(super) async fn revive(&mut self) {
        if !self.has_election || self.ends {
            return;
        }
        for operator in std::iter::once(&mut self.operator).chain(&mut self.others) {
            if operator.exit_status().is_some() {
                operator.kill();
                operator.start().await.unwrap();
            }
        }
    }

    /// The leader is told to end, and sees first to what it has asked for.
    pub async fn end_leader(&mut self) -> Deposed {
        self.ends = true;
        self.operator.interrupt().unwrap();
        while self.operator.exit_status().is_none() {
            self.step().await;
        }
        self.ends = false;
        self.depose()
    }

    /// Looks at the one that leads: on a busy machine it may have lost its lease.
    pub async fn look_at_leader(&mut self) {
        while !leads(&self.operator) && !self.others.iter().any(leads) {
            self.step().await;
        }
        if !leads(&self.operator)
            && let Some(leader) = self.others.iter_mut().find(|other| leads(other))
        {
            std::mem::swap(&mut self.operator, leader);
        }
    }

    /// The leader is out of the game: the one that stands by is looked at from now on.
    pub fn depose(&mut self) -> Deposed {
        let heir = self.others.pop().unwrap();
        let operator = std::mem::replace(&mut self.operator, heir);
        let since = self.moved;
        Deposed { operator, since }
    }

    /// The leader stands still, and the one that stands by is looked at from now on.
    pub fn freeze_leader(&mut self) -> Deposed {
        self.operator.freeze().unwrap();
        self.is_frozen = true;
        self.depose()
    }

    /// Waits until the present operator leads.
    pub async fn until_led(&mut self) {
        while !leads(&self.operator) {
            self.step().await;
        }
    }

    /// One that was frozen goes on, in the time that it is by now.
    pub async fn thaw(&mut self, deposed: Deposed) -> Operator {
        let Deposed { mut operator, since } = deposed;
        operator.thaw().unwrap();
        self.is_frozen = false;
        operator.advance(self.moved.saturating_sub(since)).await.unwrap();
        operator
    }

    /// The same, until it has seen that it leads no more, and has ended.
    pub async fn thaw_until_it_ends(&mut self, deposed: Deposed) -> Deposed {
        let operator = self.thaw(deposed).await;
        self.others.push(operator);
        self.ends = true;
        // What it has asked for it sees to first.
        while self.others.last().unwrap().exit_status().is_none() {
            self.step().await;
        }
        self.ends = false;
        let operator = self.others.pop().unwrap();
        let since = self.moved;
        Deposed { operator, since }
    }

    /// Starts one anew that is out of the game: it stands by from now on.
    pub async fn stand_by(&mut self, deposed: Deposed) {
        let Deposed { mut operator, since } = deposed;
        operator.kill();
        operator.advance(self.moved.saturating_sub(since)).await.unwrap();
        operator.start().await.unwrap();
        self.others.push(operator);
    }

    /// The clock is not moved on before whoever sees to the lease has done so. `from` is where the journal was before the
    /// clock was moved last.
    pub(super) async fn let_see_to_lease(&self, from: usize) {
        if !self.has_election {
            return;
        }
        let started = Instant::now();
        let (mut before, mut since) = (0, started);
        while since.elapsed() < QUIET && started.elapsed() < LONGEST {
            tokio::time::sleep(Duration::from_millis(2)).await;
            let calls = self.network.journal_since(from);
            let calls = calls.iter().filter(|call| call.path.contains("/leases/"));
            let answered = calls.clone().filter(|call| call.status.is_some()).count();
            let all = calls.count();
            if all != before || answered < all {
                (before, since) = (all, Instant::now());
            }
        }
    }
}

fn elected(more: &Value) -> Value {
    // Who leads is read from the log, which is a short one.
    let mut values = json!({"leaderElect": true, "replicas": 2, "log": {"level": "info"}});
    values
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    values
}

/// Whether an operator leads, since it was started last.
pub fn leads(operator: &Operator) -> bool {
    let log = operator.log();
    let since = log.rfind("operator starts").unwrap_or_default();
    log[since..].contains("this process leads")
}
