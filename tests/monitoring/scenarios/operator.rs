//! What is wrong with the operator itself, or with what it stands on.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use pingone_aic_simulator::{Fault, Rule};
use pingone_aic_support::{API_SERVER, Env, REAL_PATIENCE};
use serde_json::{Value, json};

use super::{
    JOB, Tape, change,
    integrations::{DRIFT, correct, drift},
    is, start, start_named,
};

const KIND: &str = "AICIntegration";
const BLIND: &str = r#"pingone_aic_blind_watches{resource="aicintegrations"} 1"#;
const DEFINITION: &str = "aicintegrations.pingone-aic.io";

/// A tenant does not answer.
pub async fn vendor_down() -> Tape {
    let mut env = start_named("a tenant is down, for Prometheus").await;
    let fixture = env.fixture();
    env.active(&fixture).await;
    let mut tape = Tape::begin("a tenant is down", &env).await;
    tape.fires(&[]);
    let outage = env.network.outage(fixture.tenant.host());
    tape.minutes(&mut env, 40).await;
    tape.fires(&[("PingOneAICVendorDown", &[("vendor", "aic")])]);
    drop(outage);
    tape.minutes(&mut env, 15).await;
    tape.fires(&[]);
    tape
}

/// Many objects of a tenant that may be asked once a second.
pub async fn slow() -> Tape {
    let values = json!({"tenantRequestsPerSecond": 1});
    let mut env = Env::start_with("changes wait, for Prometheus", values).await;
    let fixture = env.fixture();
    env.active(&fixture).await;
    let mut tape = Tape::begin("changes wait", &env).await;
    tape.fires(&[]);
    let mut manifests = String::new();
    for number in 0..60 {
        let name = format!("many-{number}");
        let object = fixture.integration(&name, json!({"name": name, "interval": "24h"}));
        writeln!(manifests, "---\n{object}").unwrap();
    }
    env.namespace.apply(manifests).await.unwrap();
    tape.minutes(&mut env, 5).await;
    tape.fires(&[("PingOneAICChangesWait", &[])]);
    tape.minutes(&mut env, 30).await;
    tape.fires(&[]);
    tape
}

/// The operator may not read integrations any more.
pub async fn blind() -> Tape {
    let mut env = start("a watch is forbidden, for Prometheus").await;
    let mut tape = Tape::begin("a watch is forbidden", &env).await;
    tape.fires(&[]);
    env.operator.kill();
    let watch = Rule::on(API_SERVER)
        .method("GET")
        .path_contains("/aicintegrations?");
    let forbidden = env.network.fault(watch, Fault::status(403));
    env.operator.launch().await.unwrap();
    // A watch tries again by a clock that is not moved.
    let began = Instant::now();
    while !env.operator.metrics().await.unwrap_or_default().contains(BLIND) {
        assert!(began.elapsed() < REAL_PATIENCE, "no watch is blind");
        env.advance(Duration::from_secs(1)).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tape.minutes(&mut env, 6).await;
    tape.fires(&[("PingOneAICWatchBlind", &[("resource", "aicintegrations")])]);
    forbidden.remove();
    tape.until(&mut env, "it sees again", async |env| {
        env.operator.health("/readyz").await.unwrap().0 == 200
    })
    .await;
    tape.fires(&[]);
    tape
}

/// The only pod is gone.
pub async fn gone() -> Tape {
    let mut env = start("the operator is gone, for Prometheus").await;
    let mut tape = Tape::begin("the operator is gone", &env).await;
    tape.fires(&[]);
    env.operator.kill();
    tape.still(&env, 4).await;
    tape.fires(&[]);
    tape.still(&env, 3).await;
    tape.fires(&[("PingOneAICNoLeader", &[("job", JOB)])]);
    env.operator.start().await.unwrap();
    tape.minutes(&mut env, 2).await;
    tape.fires(&[]);
    tape
}

/// Nobody can have the Lease.
pub async fn leaderless() -> Tape {
    let mut env = Env::start_elected("nobody leads, for Prometheus").await;
    let mut tape = Tape::begin("nobody leads", &env).await;
    tape.fires(&[]);
    let lease = Rule::on(API_SERVER).path_contains("/leases/");
    let refused = env.network.fault(lease, Fault::status(500));
    tape.minutes(&mut env, 8).await;
    tape.fires(&[("PingOneAICNoLeader", &[("job", JOB)])]);
    refused.remove();
    tape.minutes(&mut env, 3).await;
    tape.fires(&[]);
    tape
}

/// The leader crashes. Until the other one tells of the objects, what was wrong with one of them is not over.
pub async fn led_by_another() -> Tape {
    let mut env = Env::start_elected("another one leads, for Prometheus").await;
    let fixture = env.fixture();
    env.active(&fixture).await;
    let mut tape = Tape::begin("another one leads", &env).await;
    drift(&mut tape, &mut env, &fixture).await;
    tape.fires(&[DRIFT]);
    env.operator.kill();
    let deposed = env.depose();
    tape.still(&env, 2).await;
    tape.fires(&[DRIFT]);
    env.until_led().await;
    env.stand_by(deposed).await;
    tape.minutes(&mut env, 6).await;
    let lost = [("environment", "Development"), ("reason", "DriftDetected")];
    tape.fires(&[DRIFT, ("PingOneAICActiveLost", &lost)]);
    correct(&mut tape, &mut env, &fixture).await;
    tape.resolves(&mut env).await;
    tape
}

/// It has begun, and never comes to an end.
pub async fn standing_still() -> Tape {
    let mut env = start("the operator stands still, for Prometheus").await;
    let fixture = env.fixture();
    env.active(&fixture).await;
    // Nothing is due for hours, which is no fault.
    change(&env, KIND, &fixture.name, json!({"interval": "24h"})).await;
    let mut tape = Tape::begin("the operator stands still", &env).await;
    tape.minutes(&mut env, 60).await;
    tape.fires(&[]);
    let tenant = Rule::on(fixture.tenant.host());
    let held = env.network.fault(tenant, Fault::Hold);
    change(&env, KIND, &fixture.name, json!({"interval": "23h"})).await;
    while held.hits() == 0 {
        env.step().await;
    }
    tape.still(&env, 38).await;
    tape.fires(&[("PingOneAICNothingIsDone", &[("job", JOB)])]);
    held.remove();
    tape.minutes(&mut env, 12).await;
    tape.fires(&[]);
    tape
}

/// Somebody applies the definitions of an older version.
pub async fn outdated() -> Tape {
    let values = json!({"watchAllNamespaces": true});
    let mut env = Env::start_alone("definitions are outdated, for Prometheus", values).await;
    let fixture = env.fixture();
    env.active(&fixture).await;
    let mut tape = Tape::begin("definitions are outdated", &env).await;
    tape.fires(&[]);
    let get = ["get", "crd", DEFINITION, "--output=json"];
    let control_plane = env.namespace.control_plane().clone();
    let definition: Value = serde_json::from_str(&control_plane.kubectl(&get).await.unwrap()).unwrap();
    let versions = &definition["spec"]["versions"];
    let mut older = versions.clone();
    let status = "/0/schema/openAPIV3Schema/properties/status/properties/esv/properties";
    older
        .pointer_mut(status)
        .unwrap()
        .as_object_mut()
        .unwrap()
        .remove("pending");
    let replace = async |versions: &Value| {
        let patch = json!([{"op": "replace", "path": "/spec/versions", "value": versions}]).to_string();
        let command = ["patch", "crd", DEFINITION, "--type=json", "--patch", &patch];
        control_plane.kubectl(&command).await.unwrap();
    };
    replace(&older).await;
    // It looks at the definitions before it does what it has to remember.
    fixture
        .set_credential(&env.namespace, &fixture.credential().jwt)
        .await;
    tape.until(&mut env, "it is told", async |env| {
        is(env, KIND, &fixture.name, "CRDOutdated").await
    })
    .await;
    tape.minutes(&mut env, 4).await;
    tape.fires(&[("PingOneAICDefinitionsOutdated", &[])]);
    replace(versions).await;
    tape.until(&mut env, "it goes on", async |env| {
        is(env, KIND, &fixture.name, "TestPassed").await
    })
    .await;
    tape.minutes(&mut env, 6).await;
    tape.fires(&[]);
    tape
}
