//! A leader that is frozen before it checks its lease: it goes on when another one leads, or while its lease is short.

use std::time::Duration;

use futures::future::join_all;
use kube::core::DynamicObject;
use pingone_aic_operator::http::ONCE_ONLY_TIMEOUT;
use pingone_aic_simulator::{Exchange, Fault, Rule};
use pingone_aic_support::API_SERVER;
use serde_json::json;

use crate::{
    leaders::{Replicas, leads, wait},
    look::reason,
};

/// What nobody asks for who does not lead.
#[derive(Clone, Copy, Debug)]
enum Guarded {
    Lock,
    /// It may be asked for again, but its report proves whose the lock is.
    DryRun,
    Promote,
    Rollback,
}

const ALL: [Guarded; 4] = [
    Guarded::Lock,
    Guarded::DryRun,
    Guarded::Promote,
    Guarded::Rollback,
];
const LEASE: Duration = Duration::from_secs(30);

impl Guarded {
    fn path(self) -> &'static str {
        match self {
            Self::Lock => "/promotion/lock",
            Self::DryRun | Self::Promote => "/promotion/promote",
            Self::Rollback => "/promotion/rollback",
        }
    }

    async fn begin(self, replicas: &Replicas) {
        match self {
            Self::Lock | Self::DryRun | Self::Promote => replicas.promote().await,
            Self::Rollback => {
                replicas.company.site("dev").spoil(&replicas.namespace).await;
                replicas
                    .run(json!({"upTo": "staging", "onFailure": "Rollback"}))
                    .await;
            }
        }
    }

    async fn end(self, replicas: &Replicas) {
        match self {
            Self::Lock | Self::DryRun | Self::Promote => replicas.phase("Gated").await,
            Self::Rollback => replicas.phase("RolledBack").await,
        }
    }

    /// Whether the intent stands: what is about to be asked for.
    fn is_recorded(self, run: &DynamicObject) -> bool {
        let stage = &run.data["status"]["stages"][0];
        match self {
            Self::Lock => stage["step"] == "LockRequested",
            Self::DryRun => stage["dryRunRequest"].is_object(),
            Self::Promote => stage["promote"].is_object(),
            Self::Rollback => stage["action"] == "Rollback" && stage["promote"].is_object(),
        }
    }

    /// Begins a run, and freezes the leader while it records what it is about to ask for: before it sees that this stands.
    async fn begin_and_freeze(self, replicas: &Replicas) {
        let path = "/promotions/release/status";
        let record = Rule::on(API_SERVER)
            .method("PATCH")
            .path_contains(&format!("{path}?"));
        let slow = replicas
            .network
            .fault(record, Fault::Delay(Duration::from_millis(500)));
        self.begin(replicas).await;
        let is_answered = |call: &Exchange| call.is("PATCH", path) && call.status.is_some();
        let mut seen = 0;
        loop {
            wait("a status is being written", || slow.hits() > seen).await;
            seen = slow.hits();
            replicas.leader.freeze().unwrap();
            wait("it stands", || {
                replicas
                    .network
                    .journal()
                    .iter()
                    .filter(|call| is_answered(call))
                    .count() as u64
                    >= u64::from(seen)
            })
            .await;
            let run = replicas.namespace.get("Promotion", "release").await.unwrap();
            if self.is_recorded(&run) {
                slow.remove();
                return;
            }
            replicas.leader.thaw().unwrap();
        }
    }

    /// How often it was asked for.
    fn posts(self, replicas: &Replicas) -> usize {
        let is_dry = matches!(self, Self::DryRun);
        let calls = replicas.network.journal();
        let is = |call: &Exchange| call.is("POST", self.path()) && (call.request["dryRun"] == true) == is_dry;
        calls.iter().filter(|call| is(call)).count()
    }

    async fn is_not_asked_for_by_who_was_frozen(self) {
        let replicas = Replicas::start("a leader that was frozen").await;
        self.begin_and_freeze(&replicas).await;
        wait("the other one leads", || leads(&replicas.follower)).await;
        let before = self.posts(&replicas);
        replicas.leader.thaw().unwrap();
        let status = replicas.leader.wait().await.unwrap();
        assert!(
            !status.success(),
            "who lost the lease does not end as if all were well"
        );
        let log = replicas.leader.log();
        assert!(log.contains("lost the lease"), "{self:?}: {log}");
        // What the other one asks for later is its own affair: it sees to an intent whose answer nobody knows.
        assert_eq!((before, self.posts(&replicas)), (0, 0), "{self:?}");
        if matches!(self, Self::Lock) {
            // Its end waits until nothing can come of the request any more: this is real time.
            let is_promoted = |object: &DynamicObject| {
                object.data["status"]["stages"][0]["outcome"] == "Promoted"
                    && reason(object) == "LockOwnershipUnknown"
            };
            replicas.until("to be promoted", is_promoted).await;
            self.broke_no_law(&replicas);
        } else {
            self.end_well(&replicas).await;
        }
    }

    /// What may take longer than the lease still lasts is not begun, though this process leads.
    async fn is_not_asked_for_under_a_short_lease(self) {
        let replicas = Replicas::start("a lease that is short").await;
        self.begin_and_freeze(&replicas).await;
        let leases = Rule::on(API_SERVER).path_contains("/leases/");
        let refused = replicas.network.fault(leases, Fault::status(503));
        let is_written = |call: &&Exchange| {
            call.path.contains("/leases") && call.method != "GET" && matches!(call.status, Some(200 | 201))
        };
        wait("the lease is short", || {
            let calls = replicas.network.journal();
            let renewed = calls.iter().rfind(is_written).unwrap();
            renewed.at.elapsed() + ONCE_ONLY_TIMEOUT > LEASE
        })
        .await;
        replicas.leader.thaw().unwrap();
        wait("it is withheld", || {
            replicas
                .leader
                .log()
                .contains("what allowed it has ended meanwhile")
        })
        .await;
        assert_eq!(self.posts(&replicas), 0, "{self:?}");
        refused.remove();
        self.end_well(&replicas).await;
    }

    async fn end_well(self, replicas: &Replicas) {
        self.end(replicas).await;
        self.broke_no_law(replicas);
    }

    fn broke_no_law(self, replicas: &Replicas) {
        assert_eq!(replicas.posts("/promotion/promote"), 1, "{self:?}");
        assert_eq!(replicas.violation(), None, "{self:?}");
    }
}

#[tokio::test]
async fn a_leader_that_was_frozen_before_its_check_starts_nothing() {
    join_all(ALL.map(Guarded::is_not_asked_for_by_who_was_frozen)).await;
}

#[tokio::test]
async fn a_leader_whose_lease_is_short_starts_nothing() {
    join_all(ALL.map(Guarded::is_not_asked_for_under_a_short_lease)).await;
}
