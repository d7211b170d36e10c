//! Integrations that were Active, credentials that are refused, and tenants that differ.

use kube::{ResourceExt as _, core::DynamicObject};
use pingone_aic_simulator::{Realm, Region};
use pingone_aic_support::{
    Env,
    company::THREE,
    fixture::{Fixture, WORKER},
};
use serde_json::json;

use super::{Alert, MINUTE, Tape, change, is, start, start_named};

const KIND: &str = "AICIntegration";

/// PingOne switches off the connections of development and of production.
pub async fn lost() -> Tape {
    let mut env = start_named("integrations are not Active any more, for Prometheus").await;
    let company = env.company(&THREE).await;
    let (dev, prod) = (company.site("dev"), company.site("prod"));
    let mut tape = Tape::begin("integrations are not Active any more", &env).await;
    prod.tenant.import_static_configuration_from(&dev.tenant);
    tape.until(&mut env, "production is Active", async |env| {
        is(env, KIND, &prod.name, "TestPassed").await
    })
    .await;
    tape.fires(&[]);
    for site in [dev, prod] {
        site.connection.disable();
    }
    tape.minutes(&mut env, 40).await;
    tape.fires(&[
        (
            "PingOneAICProductionInactive",
            &[("reason", "ConnectionNotReady")],
        ),
        (
            "PingOneAICActiveLost",
            &[("environment", "Development"), ("reason", "ConnectionNotReady")],
        ),
        (
            "PingOneAICCredentialRefused",
            &[("kind", "PingOneConnection"), ("reason", "CredentialRefused")],
        ),
    ]);
    for site in [dev, prod] {
        site.connection.enable();
    }
    tape.minutes(&mut env, 40).await;
    tape.fires(&[]);
    tape
}

/// A credential is revoked that only the tenant can try.
pub async fn failing() -> Tape {
    let mut env = start("the connection test fails, for Prometheus").await;
    env.network
        .pingone(Region::Europe)
        .set_exchange_demands_client(true);
    let fixture = env.fixture();
    let credential = env.active(&fixture).await;
    let mut tape = Tape::begin("the connection test fails", &env).await;
    tape.fires(&[]);
    fixture.connection.revoke(&credential.id);
    tape.until(&mut env, "it fails", async |env| {
        is(env, KIND, &fixture.name, "TestFailed").await
    })
    .await;
    tape.fires(&[]);
    tape.minutes(&mut env, 16).await;
    tape.fires(&[
        (
            "PingOneAICActiveLost",
            &[("environment", "Development"), ("reason", "TestFailed")],
        ),
        ("PingOneAICTestFailed", &[("environment", "Development")]),
    ]);
    fixture
        .set_credential(&env.namespace, &fixture.credential().jwt)
        .await;
    tape.until(&mut env, "it is Active again", async |env| {
        is(env, KIND, &fixture.name, "TestPassed").await
    })
    .await;
    tape.resolves(&mut env).await;
    tape
}

/// The tenant refuses the service account.
pub async fn refused() -> Tape {
    let mut env = start("a service account is refused, for Prometheus").await;
    let fixture = env.fixture();
    env.active(&fixture).await;
    let mut tape = Tape::begin("a service account is refused", &env).await;
    tape.fires(&[]);
    for account in fixture.accounts() {
        fixture.tenant.revoke_service_account(&account);
    }
    tape.until(&mut env, "it is refused", async |env| {
        is(env, KIND, &fixture.name, "ServiceAccountRefused").await
    })
    .await;
    tape.fires(&[(
        "PingOneAICCredentialRefused",
        &[("kind", KIND), ("reason", "ServiceAccountRefused")],
    )]);
    fixture.set_account(&env.namespace).await;
    tape.until(&mut env, "it is Active again", async |env| {
        is(env, KIND, &fixture.name, "TestPassed").await
    })
    .await;
    tape.resolves(&mut env).await;
    tape
}

/// A person edits the worker of an integration that may only warn.
pub async fn drifted() -> Tape {
    let mut env = start("a tenant drifts, for Prometheus").await;
    let fixture = env.fixture();
    env.active(&fixture).await;
    let mut tape = Tape::begin("a tenant drifts", &env).await;
    tape.fires(&[]);
    drift(&mut tape, &mut env, &fixture).await;
    tape.fires(&[DRIFT]);
    correct(&mut tape, &mut env, &fixture).await;
    tape.resolves(&mut env).await;
    tape
}

/// What fires of a drift.
pub(super) const DRIFT: Alert = ("PingOneAICDriftDetected", &[("environment", "Development")]);

pub(super) async fn drift(tape: &mut Tape, env: &mut Env, fixture: &Fixture) {
    change(env, KIND, &fixture.name, json!({"driftPolicy": "Warn"})).await;
    let console = fixture.tenant.console();
    console.edit_worker(Realm::Alpha, WORKER, "useCredential", false);
    tape.until(env, "it is told", async |env| {
        is(env, KIND, &fixture.name, "DriftDetected").await
    })
    .await;
}

/// The operator may correct it now.
pub(super) async fn correct(tape: &mut Tape, env: &mut Env, fixture: &Fixture) {
    change(env, KIND, &fixture.name, json!({"driftPolicy": "Correct"})).await;
    tape.until(env, "it is corrected", async |env| {
        is(env, KIND, &fixture.name, "TestPassed").await
    })
    .await;
}

/// A tenant goes on with the former value for longer than any cache.
pub async fn not_served() -> Tape {
    let mut env = start("a rotation is not served, for Prometheus").await;
    let fixture = env.fixture();
    fixture.tenant.set_secret_cache(40 * MINUTE);
    env.active(&fixture).await;
    let mut tape = Tape::begin("a rotation is not served", &env).await;
    tape.fires(&[]);
    let credential = fixture.credential();
    fixture.set_credential(&env.namespace, &credential.jwt).await;
    tape.minutes(&mut env, 10).await;
    tape.fires(&[]);
    tape.minutes(&mut env, 10).await;
    tape.fires(&[
        ("PingOneAICRotationNotServed", &[]),
        (
            "PingOneAICActiveLost",
            &[
                ("environment", "Development"),
                ("reason", "OlderCredentialServed"),
            ],
        ),
    ]);
    tape.minutes(&mut env, 60).await;
    tape.fires(&[]);
    tape
}

/// A tenant is away while its integration is deleted.
pub async fn left_behind() -> Tape {
    let mut env = start("something is left behind, for Prometheus").await;
    let fixture = env.fixture();
    env.active(&fixture).await;
    change(&env, KIND, &fixture.name, json!({"deletionPolicy": "Delete"})).await;
    let is_kept = |object: Option<&DynamicObject>| !object.unwrap().finalizers().is_empty();
    env.until(&fixture, |object| {
        (!is_kept(object)).then(|| "it has no finalizer".to_owned())
    })
    .await
    .unwrap();
    let mut tape = Tape::begin("something is left behind", &env).await;
    tape.fires(&[]);
    let _outage = env.network.outage(fixture.tenant.host());
    env.namespace.delete(KIND, &fixture.name).await.unwrap();
    tape.until(&mut env, "it is gone", async |env| {
        env.integration(&fixture).await.is_none()
    })
    .await;
    tape.minutes(&mut env, 1).await;
    tape.fires(&[
        ("PingOneAICLeftBehind", &[]),
        ("PingOneAICVendorDown", &[("vendor", "aic")]),
    ]);
    tape.minutes(&mut env, 61).await;
    tape.fires(&[]);
    tape
}

/// A Secret is not there, and another one holds no credential.
pub async fn without_credentials() -> Tape {
    let mut env = start("credentials are missing, for Prometheus").await;
    let (missing, malformed) = (env.fixture(), env.fixture());
    let mut tape = Tape::begin("credentials are missing", &env).await;
    tape.fires(&[]);
    for fixture in [&missing, &malformed] {
        fixture.set_account(&env.namespace).await;
        fixture.apply(&env.namespace, json!({})).await;
    }
    malformed.set_credential(&env.namespace, "no JWT").await;
    tape.until(&mut env, "it is told", async |env| {
        is(env, "PingOneConnection", &malformed.name, "CredentialMalformed").await
    })
    .await;
    tape.minutes(&mut env, 16).await;
    let needs_person: Alert<'_> = (
        "PingOneAICNeedsPerson",
        &[("kind", "PingOneConnection"), ("reason", "CredentialMalformed")],
    );
    tape.fires(&[needs_person]);
    tape.minutes(&mut env, 50).await;
    tape.fires(&[
        needs_person,
        (
            "PingOneAICWaitsForSecret",
            &[("kind", "PingOneConnection"), ("reason", "SecretNotFound")],
        ),
    ]);
    for fixture in [&missing, &malformed] {
        fixture
            .set_credential(&env.namespace, &fixture.credential().jwt)
            .await;
        tape.until(&mut env, "it is Active", async |env| {
            is(env, KIND, &fixture.name, "TestPassed").await
        })
        .await;
    }
    tape.resolves(&mut env).await;
    tape
}
