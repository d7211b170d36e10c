//! A leader that is frozen before it checks its lease: it goes on when another one leads, or while its lease is short.

use std::time::Duration;

use futures::future::join_all;
use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, api::ListParams, core::DynamicObject};
use pingone_aic_operator::http::ONCE_ONLY_TIMEOUT;
use pingone_aic_simulator::{Exchange, Fault, Rule};
use pingone_aic_support::{
    API_SERVER, Env,
    company::{Company, THREE},
    election::{Deposed, leads},
};
use serde_json::json;

use crate::promotion::{
    leaders::wait,
    look::{Steps, promotions},
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

    async fn begin(self, env: &Env, company: &Company) {
        match self {
            Self::Lock | Self::DryRun | Self::Promote => {
                env.release(company, json!({"upTo": "staging"})).await;
            }
            Self::Rollback => {
                company.site("dev").spoil(&env.namespace).await;
                let rolls_back = json!({"upTo": "staging", "onFailure": "Rollback"});
                env.release(company, rolls_back).await;
            }
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
    async fn begin_and_freeze(self, env: &mut Env, company: &Company) -> Deposed {
        let path = "/promotions/release/status";
        let hold_records = |env: &Env| {
            let record = Rule::on(API_SERVER)
                .method("PATCH")
                .path_contains(&format!("{path}?"));
            env.network.fault(record, Fault::Hold)
        };
        let mut held = hold_records(env);
        self.begin(env, company).await;
        loop {
            env.wait_until(|_| (held.hits() == 0).then(|| "no status is being written".to_owned()))
                .await;
            env.operator.freeze().unwrap();
            held.remove();
            wait("it stands", || {
                let is_open = |call: &Exchange| call.is("PATCH", path) && call.status.is_none();
                !env.network.journal().iter().any(is_open)
            })
            .await;
            let run = env.namespace.get("Promotion", "release").await.unwrap();
            if self.is_recorded(&run) {
                return env.freeze_leader();
            }
            held = hold_records(env);
            env.operator.thaw().unwrap();
        }
    }

    /// How often it was asked for.
    fn posts(self, env: &Env) -> usize {
        let is_dry = matches!(self, Self::DryRun);
        let calls = env.network.journal();
        let is = |call: &Exchange| call.is("POST", self.path()) && (call.request["dryRun"] == true) == is_dry;
        calls.iter().filter(|call| is(call)).count()
    }

    async fn is_not_asked_for_by_who_was_frozen(self) {
        let mut env = Env::start_elected("a leader that was frozen").await;
        let company = env.company(&THREE).await;
        let frozen = self.begin_and_freeze(&mut env, &company).await;
        // Nobody moves the clock: one that is frozen would not see at once that it was moved.
        wait("the other one leads", || leads(&env.operator)).await;
        let before = self.posts(&env);
        let frozen = env.thaw(frozen).await;
        let status = frozen.wait().await.unwrap();
        assert!(
            !status.success(),
            "who lost the lease does not end as if all were well"
        );
        let log = frozen.log();
        assert!(log.contains("lost the lease"), "{self:?}: {log}");
        // What the other one asks for later is its own affair: it sees to an intent whose answer nobody knows.
        assert_eq!((before, self.posts(&env)), (0, 0), "{self:?}");
        self.end_well(&mut env, &company).await;
    }

    /// What may take longer than the lease still lasts is not begun, though this process leads.
    async fn is_not_asked_for_under_a_short_lease(self) {
        let mut env = Env::start_elected("a lease that is short").await;
        let company = env.company(&THREE).await;
        let frozen = self.begin_and_freeze(&mut env, &company).await;
        let leases = Rule::on(API_SERVER).path_contains("/leases/");
        let refused = env.network.fault(leases, Fault::status(503));
        let leases: Api<Lease> = Api::namespaced(env.namespace.client(), env.namespace.name());
        let lease = leases.list(&ListParams::default()).await.unwrap().items.remove(0);
        let renewed = lease.spec.unwrap().renew_time.unwrap().0;
        wait("the lease is short", || {
            env.network.clock().now().duration_since(renewed).unsigned_abs() + ONCE_ONLY_TIMEOUT > LEASE
        })
        .await;
        let leader = env.thaw(frozen).await;
        // It was frozen for about as long as it waits for the recording's answer: what comes first decides.
        wait("it is withheld", || {
            let log = leader.log();
            log.contains("what allowed it has ended meanwhile")
                || log.contains("failed to record what is about to be done")
        })
        .await;
        assert_eq!(self.posts(&env), 0, "{self:?}");
        refused.remove();
        env.others.push(leader);
        self.end_well(&mut env, &company).await;
    }

    async fn end_well(self, env: &mut Env, company: &Company) {
        let phase = match self {
            Self::Lock | Self::DryRun | Self::Promote => "Gated",
            Self::Rollback => "RolledBack",
        };
        env.phase("release", phase).await.unwrap();
        assert_eq!((promotions(env), env.violation(company)), (1, None), "{self:?}");
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
