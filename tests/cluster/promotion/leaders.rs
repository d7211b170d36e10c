//! Several operators: one that leads and one that stands by, two that know nothing of each other.

use std::time::{Duration, Instant};

use kube::{Api, api::ListParams, core::DynamicObject};
use pingone_aic_harness::{Operator, TestNamespace, Values, is_condition, operator_binary};
use pingone_aic_simulator::{Fault, Network, Rule, tenant::Times};
use pingone_aic_support::{
    API_SERVER, Env, behind,
    company::{Company, THREE},
    invariants::MARK,
    relay, values,
};
use serde_json::{Value, json};

use crate::promotion::look::Steps;

/// At once: these operators live by the real clock.
pub const NO_TIME: Times = Times {
    lock: Duration::ZERO,
    dry_run: Duration::ZERO,
    promotion: Duration::ZERO,
    unlock: Duration::ZERO,
};
const LEASE_AND_A_RETRY: Duration = Duration::from_secs(32);

/// Two replicas of one release, by the real clock: the first one leads.
pub struct Replicas {
    pub network: Network,
    pub namespace: TestNamespace,
    pub leader: Operator,
    pub follower: Operator,
    pub company: Company,
}

impl Replicas {
    pub async fn start(sentence: &str) -> Self {
        let network = Network::start().await;
        let namespace = TestNamespace::create(sentence).await;
        relay(&network, API_SERVER, &namespace);
        let values = behind(&network, API_SERVER, Values::new(operator_binary().unwrap()));
        let leader = Operator::install(&namespace, values).await.unwrap();
        wait("the first one leads", || leads(&leader)).await;
        let mut follower = leader.replica(&namespace).await.unwrap();
        follower.start().await.unwrap();
        let company = Company::new(&network, 1, &THREE);
        company.group.set_times(NO_TIME);
        company.apply(&namespace).await;
        Self {
            network,
            namespace,
            leader,
            follower,
            company,
        }
    }

    /// All integrations are seen to, and stay as they are until something is promoted.
    pub async fn up(&self) {
        for site in &self.company.sites {
            let within = Duration::from_mins(1);
            let is_ready = |object: &DynamicObject| is_condition(object, "Ready", "True");
            self.namespace
                .wait_for("AICIntegration", &site.name, "to be Ready", within, is_ready)
                .await
                .unwrap();
        }
    }

    pub async fn promote(&self) {
        self.run(json!({"upTo": "staging"})).await;
    }

    pub async fn run(&self, more: Value) {
        let run = self.company.promotion("release", more);
        self.namespace.apply(run).await.unwrap();
    }

    pub async fn gated(&self) {
        self.phase("Gated").await;
    }

    pub async fn phase(&self, phase: &str) {
        let is = |object: &DynamicObject| object.data["status"]["phase"] == phase;
        self.until(&format!("to be {phase}"), is).await;
    }

    /// The run knows its lock.
    pub async fn locked(&self) {
        let is = |object: &DynamicObject| object.data["status"]["stages"][0]["lock"]["id"].is_string();
        self.until("to hold its lock", is).await;
    }

    pub async fn until(&self, what: &str, is: impl Fn(&DynamicObject) -> bool) {
        let within = Duration::from_mins(6);
        self.namespace
            .wait_for("Promotion", "release", what, within, is)
            .await
            .unwrap();
    }

    pub fn violation(&self) -> Option<String> {
        self.company.violation(&self.network.journal(), MARK)
    }

    pub fn posts(&self, path: &str) -> usize {
        let calls = self.network.journal();
        let is_real = |body: &Value| body["dryRun"] != true;
        calls
            .iter()
            .filter(|call| call.is("POST", path) && is_real(&call.request))
            .count()
    }
}

pub fn leads(operator: &Operator) -> bool {
    operator.log().contains("this process leads")
}

pub async fn wait(what: &str, mut is: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is() {
        assert!(started.elapsed() < Duration::from_mins(2), "{what}: not yet");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn when_the_leader_is_killed_the_one_who_stands_by_goes_on() {
    let mut replicas = Replicas::start("the leader is killed").await;
    assert!(!leads(&replicas.follower));
    replicas.promote().await;
    // Earlier, nobody can say whose the lock is, and the other one waits for ten minutes.
    replicas.locked().await;
    replicas.leader.kill();
    let killed = Instant::now();
    wait("the other one leads", || leads(&replicas.follower)).await;
    assert!(killed.elapsed() <= LEASE_AND_A_RETRY, "{:?}", killed.elapsed());
    replicas.gated().await;
    assert_eq!(replicas.posts("/promotion/promote"), 1);
    assert_eq!(replicas.violation(), None);
}

#[tokio::test]
async fn a_leader_that_ends_lets_the_other_one_lead_at_once() {
    let mut replicas = Replicas::start("a leader that ends").await;
    assert!(replicas.leader.terminate().await.unwrap().success());
    let ended = Instant::now();
    wait("the other one leads", || leads(&replicas.follower)).await;
    assert!(ended.elapsed() <= Duration::from_secs(5), "{:?}", ended.elapsed());
    replicas.promote().await;
    replicas.gated().await;
    assert_eq!(replicas.violation(), None);
}

#[tokio::test]
async fn of_three_that_begin_at_once_one_leads_and_its_lease_is_as_documented() {
    let network = Network::start().await;
    let namespace = TestNamespace::create("three begin at once").await;
    relay(&network, API_SERVER, &namespace);
    let values = behind(&network, API_SERVER, Values::new(operator_binary().unwrap()));
    // Until all have asked, nobody has the lease: it is asked for at once by all.
    let asked = Rule::on(API_SERVER).method("GET").path_contains("/leases/");
    let late = network.fault(asked, Fault::Delay(Duration::from_secs(1)));
    let mut first = Operator::prepare(&namespace, values).await.unwrap();
    let mut second = first.replica(&namespace).await.unwrap();
    let mut third = first.replica(&namespace).await.unwrap();
    for operator in [&mut first, &mut second, &mut third] {
        operator.launch().await.unwrap();
    }
    let all = [&first, &second, &third];
    let leaders = || all.iter().filter(|operator| leads(operator)).count();
    wait("all have asked for the lease", || late.hits() >= 3).await;
    wait("one leads", || leaders() > 0).await;
    let lease = || async {
        let api: Api<DynamicObject> = namespace.api("coordination.k8s.io/v1/Lease");
        let all = api.list(&ListParams::default()).await.unwrap().items;
        assert_eq!(all.len(), 1);
        all[0].data["spec"].clone()
    };
    let before = lease().await;
    assert_eq!(before["leaseDurationSeconds"], 30);
    // It is renewed, more than once, and nobody else takes it.
    for _ in 0..2 {
        let renewed = lease().await["renewTime"].clone();
        let started = Instant::now();
        while lease().await["renewTime"] == renewed {
            assert!(started.elapsed() < Duration::from_secs(15), "it is not renewed");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    let after = lease().await;
    assert_eq!(after["holderIdentity"], before["holderIdentity"]);
    assert_eq!(after["leaseTransitions"], before["leaseTransitions"]);
    assert_eq!(leaders(), 1);
    // Their metrics tell, too.
    for operator in all {
        let says = format!("pingone_aic_leader {}\n", u8::from(leads(operator)));
        assert!(operator.metrics().await.unwrap().contains(&says));
    }
}

#[tokio::test]
async fn two_operators_without_an_election_keep_the_law() {
    let mut env = Env::start("two operators without an election").await;
    let company = env.company(&THREE).await;
    let other = Operator::install(&env.namespace, values(&env.network))
        .await
        .unwrap();
    env.others.push(other);
    env.release(&company, json!({})).await;
    env.phase("release", "Succeeded").await.unwrap();
    for site in ["staging", "prod"] {
        let host = company.site(site).tenant.host().to_owned();
        let promoted = env.network.journal().into_iter().filter(|call| {
            call.host == host && call.is("POST", "/promotion/promote") && call.request["dryRun"] == false
        });
        assert_eq!(promoted.count(), 1, "{site}");
    }
    assert_eq!(env.violation(&company), None);
    env.check_outputs().await;
}

#[tokio::test]
async fn two_operators_of_two_worlds_on_one_tenant_keep_the_law() {
    let mut env = Env::start("two operators of two worlds").await;
    let company = env.company(&THREE).await;
    // It knows nothing of the other namespace.
    let elsewhere = TestNamespace::create("the other of two worlds").await;
    let other = Operator::install(&elsewhere, values(&env.network)).await.unwrap();
    env.others.push(other);
    // Integrations of their own, in the same environments.
    for site in &company.sites {
        site.apply(&elsewhere, json!({"name": "Other-Integration"})).await;
    }
    let run = || company.promotion("release", json!({"upTo": "staging"}));
    env.namespace.apply(run()).await.unwrap();
    elsewhere.apply(run()).await.unwrap();
    env.pass_time(Duration::from_hours(2)).await;
    for namespace in [&env.namespace, &elsewhere] {
        let run = namespace.get("Promotion", "release").await.unwrap();
        assert_eq!(run.data["status"]["phase"], "Gated", "{}", run.data["status"]);
    }
    let calls = env.network.journal();
    let promoted = calls
        .iter()
        .filter(|call| call.is("POST", "/promotion/promote") && call.request["dryRun"] == false);
    // Each description names its run.
    let by: Vec<_> = promoted
        .map(|call| &call.request["promotionDescription"])
        .collect();
    assert!(
        matches!(by.as_slice(), [_]) || matches!(by.as_slice(), [one, other] if one != other),
        "{by:?}"
    );
    assert_eq!(env.violation(&company), None);
}
