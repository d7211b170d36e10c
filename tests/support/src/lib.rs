//! What test programs share: the vendors, the API server behind the same network, an operator whose clock is moved.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "a test's failure is a panic that says where"
)]

pub mod company;
pub mod election;
pub mod fixture;
pub mod invariants;

use std::time::{Duration, Instant};

use aho_corasick::AhoCorasick;
use kube::{Api, core::DynamicObject};
use pingone_aic_harness::{
    ControlPlane, Operator, TestNamespace, Values, fast_forwarded_operator, is_condition,
};
use pingone_aic_simulator::{Network, pingone::Credential};
use serde_json::{Value, json};

use self::{company::Company, fixture::Fixture};

/// The API server, as the operator is told to find it.
pub const API_SERVER: &str = "kubernetes.harness";
/// How far the clock is moved at once, while nothing is going on.
pub const STEP: Duration = Duration::from_secs(5);
/// A pass that asks nobody for this long is not thinking: it waits for the clock.
const LONGEST_THOUGHT: Duration = Duration::from_millis(200);
/// How soon an object is looked at again that the operator has not written: somebody else may have.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// What takes longer than this, by the operator's clock, is stuck.
pub const PATIENCE: Duration = Duration::from_mins(90);
/// And by everybody else's.
pub const REAL_PATIENCE: Duration = Duration::from_mins(2);

/// An environment of a test's own.
pub struct Env {
    /// The vendors, and the way to them and to the API server.
    pub network: Network,
    /// The namespace of all objects.
    pub namespace: TestNamespace,
    /// The operator that is looked at.
    pub operator: Operator,
    /// Further operators that live by the same clock.
    pub others: Vec<Operator>,
    /// Whether an operator is frozen, which hears of no time.
    is_frozen: bool,
    /// How far the clock was moved.
    moved: Duration,
    /// Whether operators have to be elected.
    has_election: bool,
    /// Whether one of them is to end.
    ends: bool,
    fixtures: usize,
    /// Calls that a fault was to meet and that did not come again.
    pub unmet: usize,
    /// Promotions so far.
    pub runs: usize,
    /// A company in which nothing is under way.
    pub idle_company: Option<Company>,
}

/// A connection and an integration that every namespace has, and whose Secrets are missing.
pub const NOWHERE: &str = "c0";

impl Env {
    /// With an operator as the chart installs it.
    pub async fn start(sentence: &str) -> Self {
        Self::start_with(sentence, json!({})).await
    }

    /// With an operator whose chart is given these values, too.
    pub async fn start_with(sentence: &str, more: Value) -> Self {
        Self::start_in(TestNamespace::create(sentence).await, more).await
    }

    /// In a control plane of its own, for an operator that watches all namespaces: it would see to other tests' objects.
    pub async fn start_alone(sentence: &str, more: Value) -> Self {
        let control_plane = ControlPlane::start_with_crds().await.unwrap();
        Self::start_in(TestNamespace::create_in(&control_plane, sentence).await, more).await
    }

    async fn start_in(namespace: TestNamespace, more: Value) -> Self {
        let network = Network::start().await;
        relay(&network, API_SERVER, &namespace);
        let operator = Operator::install(&namespace, values(&network).set(more))
            .await
            .unwrap();
        // Objects that lead nowhere: a process looks at the definitions for them, before any case begins.
        let nowhere = Fixture::new(&network, 0);
        assert_eq!(nowhere.name, NOWHERE);
        nowhere.apply(&namespace, json!({})).await;
        Self {
            network,
            namespace,
            operator,
            others: Vec::new(),
            is_frozen: false,
            moved: Duration::ZERO,
            has_election: false,
            ends: false,
            fixtures: 0,
            unmet: 0,
            runs: 0,
            idle_company: None,
        }
    }

    /// One more integration with everything that it stands on.
    pub fn fixture(&mut self) -> Fixture {
        self.fixtures += 1;
        Fixture::new(&self.network, self.fixtures)
    }

    /// A fixture's objects with a first credential, until everything is done.
    pub async fn active(&mut self, fixture: &Fixture) -> Credential {
        let credential = fixture.credential();
        fixture.set_account(&self.namespace).await;
        fixture.set_credential(&self.namespace, &credential.jwt).await;
        fixture.apply(&self.namespace, json!({})).await;
        self.until(fixture, |object| is_done(object, &credential.id).err())
            .await
            .unwrap();
        credential
    }

    /// Moves everybody's clock.
    pub async fn advance(&mut self, by: Duration) {
        let mut left = by;
        while self.has_election && left > self.stride() {
            self.move_by(self.stride()).await;
            left -= self.stride();
        }
        self.move_by(left).await;
    }

    async fn move_by(&mut self, by: Duration) {
        let from = self.network.position();
        self.moved += by;
        self.network.clock().advance(by);
        for operator in std::iter::once(&mut self.operator).chain(&mut self.others) {
            if let Err(error) = operator.advance(by).await {
                // One that has ended has no clock.
                let ended = operator.wait().await;
                assert!(ended.is_ok(), "{error:#}");
            }
        }
        self.let_see_to_lease(from).await;
        self.revive().await;
    }

    /// Moves the clock by a step if nothing is going on, and tells by how much. A pass that is under way and asks
    /// nobody waits for the clock itself.
    pub async fn step(&mut self) -> Duration {
        let began = Instant::now();
        loop {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let hanging = if self.is_frozen { 0 } else { self.network.hanging() };
            if self.network.in_flight() + hanging > 0 {
                return Duration::ZERO;
            }
            let waits_for_the_clock = began.elapsed() > LONGEST_THOUGHT;
            if waits_for_the_clock || self.is_idle().await {
                break;
            }
        }
        self.advance(self.stride()).await;
        self.stride()
    }

    /// Lets time pass, step by step.
    pub async fn pass_time(&mut self, time: Duration) {
        let mut passed = Duration::ZERO;
        while passed < time {
            passed += self.step().await;
        }
    }

    /// Waits until nothing is due, and nothing going on.
    pub async fn settle(&self) {
        while !self.is_idle().await {
            tokio::time::sleep(Duration::from_millis(4)).await;
        }
    }

    /// Whether nothing is due, and no pass is under way.
    pub async fn is_idle(&self) -> bool {
        for operator in std::iter::once(&self.operator).chain(&self.others) {
            if !operator.is_idle().await {
                return false;
            }
        }
        true
    }

    /// The integration as it is; `None` if it is gone.
    pub async fn integration(&self, fixture: &Fixture) -> Option<DynamicObject> {
        let api: Api<DynamicObject> = self.namespace.api("AICIntegration");
        api.get_opt(&fixture.name).await.unwrap()
    }

    /// Looks until there is no fault any more.
    pub async fn until(
        &mut self,
        fixture: &Fixture,
        fault: impl FnMut(Option<&DynamicObject>) -> Option<String>,
    ) -> Result<(), String> {
        self.until_object("AICIntegration", &fixture.name, fault)
            .await
            .map(drop)
    }

    /// Looks until an object is as it should be, and moves the clock while nothing is going on.
    pub async fn until_object(
        &mut self,
        kind: &str,
        name: &str,
        mut fault: impl FnMut(Option<&DynamicObject>) -> Option<String>,
    ) -> Result<Option<DynamicObject>, String> {
        let api: Api<DynamicObject> = self.namespace.api(kind);
        let (mut passed, started) = (Duration::ZERO, Instant::now());
        let (mut object, mut looked) = (None, None::<(usize, Instant)>);
        loop {
            // Nothing but a write changes it, and most writes are seen here.
            let writes = self.network.writes();
            if looked.is_none_or(|(before, at)| before != writes || at.elapsed() > LOOK_AGAIN) {
                looked = Some((writes, Instant::now()));
                object = api.get_opt(name).await.unwrap();
            }
            let Some(why) = fault(object.as_ref()) else {
                return Ok(object);
            };
            if passed > PATIENCE || started.elapsed() > REAL_PATIENCE {
                let status = object.map(|object| object.data["status"].clone());
                return Err(format!("{why}; its status is {}", status.unwrap_or_default()));
            }
            passed += self.step().await;
        }
    }

    /// What one of the operator's metrics says when no pass is under way, labels included in its name: what stands in a
    /// status is measured a moment later.
    pub async fn metric(&self, name: &str) -> String {
        self.settle().await;
        let metrics = self.operator.metrics().await.unwrap();
        let line = format!("pingone_aic_{name} ");
        let value = metrics.lines().find_map(|text| text.strip_prefix(&line));
        value
            .unwrap_or_else(|| panic!("there is no metric {name}: {metrics}"))
            .to_owned()
    }

    /// Whatever people can see of the operator holds no secret.
    pub async fn check_outputs(&self) {
        let mut outputs = vec![self.operator.log(), self.operator.metrics().await.unwrap()];
        for kind in ["PingOneConnection", "AICIntegration", "Promotion", "v1/Event"] {
            outputs.push(self.namespace.text_of(kind).await.unwrap());
        }
        let markers = AhoCorasick::new(self.network.secret_markers()).unwrap();
        for output in &outputs {
            if let Some(found) = markers.find(output) {
                panic!(
                    "a secret is in an output: {}",
                    &output[found.start().saturating_sub(200)..found.start()]
                );
            }
        }
        let violations = self.network.openapi_violations();
        assert!(violations.is_empty(), "{violations:?}");
        let cut_off = self.network.versions_cut_off();
        assert!(cut_off.is_empty(), "disabled and still served: {cut_off:?}");
        let touched = self.network.touched_of_people();
        assert!(touched.is_empty(), "a person's, and changed: {touched:?}");
    }
}

/// Puts a namespace's API server behind the network, at this host.
pub fn relay(network: &Network, host: &str, namespace: &TestNamespace) {
    let control_plane = namespace.control_plane();
    let address = control_plane.url().replace("https://", "");
    let ca = std::fs::read_to_string(control_plane.ca()).unwrap();
    network.relay(host, &address, &ca);
}

/// An operator behind the network, whose clock is moved.
pub fn values(network: &Network) -> Values {
    values_at(network, API_SERVER)
}

/// One that finds its API server at another host.
pub fn values_at(network: &Network, api_server: &str) -> Values {
    let program = fast_forwarded_operator().unwrap();
    behind(network, api_server, Values::new(program).fast_forwarded()).set(json!({"log": {"level": "trace"}}))
}

/// An operator that finds everybody behind the network.
pub fn behind(network: &Network, api_server: &str, values: Values) -> Values {
    let (proxy, ca) = (network.proxy_url(), network.ca_pem());
    values
        .vendors(&proxy, &ca)
        .api_server(&format!("https://{api_server}"), &proxy, &ca)
}

/// Active and Ready, with this credential, of this spec.
pub fn is_done(object: Option<&DynamicObject>, credential: &str) -> Result<(), String> {
    let Some(object) = object else {
        return Err("the object is gone".to_owned());
    };
    let status: &Value = &object.data["status"];
    let is_current = status["observedGeneration"].as_i64() == object.metadata.generation;
    let is_active = is_condition(object, "Active", "True") && is_condition(object, "Ready", "True");
    if is_current && is_active && status["credentialId"] == credential && status["esv"]["pending"].is_null() {
        Ok(())
    } else {
        Err("it is not Active with the credential".to_owned())
    }
}
