//! Locks that are held too long, or are nobody's.

use std::time::Duration;

use pingone_aic_simulator::{Fault, Rule, tenant::Times};
use pingone_aic_support::{
    API_SERVER,
    company::{Company, THREE},
};
use serde_json::json;

use super::{Alert, Tape, change, is, run, start};

const KIND: &str = "Promotion";

/// The request for the lock into staging.
fn request(company: &Company) -> Rule {
    Rule::on(company.site("staging").tenant.host())
        .method("POST")
        .path_contains("/promotion/lock")
        .times(1)
}

/// A promotion takes longer than anybody expects.
pub async fn overdue() -> Tape {
    let mut env = start("a promotion is overdue, for Prometheus").await;
    let company = env.company(&THREE).await;
    company.group.set_times(Times {
        promotion: Duration::from_mins(80),
        ..Times::default()
    });
    let mut tape = Tape::begin("a promotion is overdue", &env).await;
    let timeouts = json!({"lock": "20m", "promotion": "15m", "verification": "15m"});
    run(
        &env,
        &company,
        "release",
        json!({"upTo": "staging", "timeouts": timeouts}),
    )
    .await;
    tape.until(&mut env, "it promotes", async |env| {
        is(env, KIND, "release", "Running").await
    })
    .await;
    tape.fires(&[]);
    tape.until(&mut env, "it is overdue", async |env| {
        is(env, KIND, "release", "PromotionOverdue").await
    })
    .await;
    let needs_person = ("PingOneAICLockNeedsPerson", &[("reason", "PromotionOverdue")][..]);
    tape.fires(&[needs_person]);
    tape.minutes(&mut env, 25).await;
    let overdue = ("PingOneAICLockOverdue", &[][..]);
    tape.fires(&[needs_person, overdue]);
    tape.minutes(&mut env, 25).await;
    tape.fires(&[needs_person, overdue, ("PingOneAICLockHeldLong", &[])]);
    tape.until(&mut env, "it is over", async |env| {
        is(env, KIND, "release", "Gated").await
    })
    .await;
    tape.resolves(&mut env).await;
    tape
}

/// The request was lost, and a lock came later than it can have been ours.
pub async fn nobodys() -> Tape {
    let mut env = start("a lock is nobody's, for Prometheus").await;
    let company = env.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    let mut tape = Tape::begin("a lock is nobody's", &env).await;
    let lost = env.network.fault(request(&company), Fault::CloseBefore);
    run(&env, &company, "release", json!({"upTo": "staging"})).await;
    while lost.hits() == 0 {
        env.step().await;
    }
    change(&env, KIND, "release", json!({"suspend": true})).await;
    tape.minutes(&mut env, 7).await;
    tape.fires(&[]);
    let theirs = staging.console().begin_lock();
    tape.until(&mut env, "it does not know", async |env| {
        is(env, KIND, "release", "LockOwnershipUnknown").await
    })
    .await;
    tape.minutes(&mut env, 21).await;
    tape.fires(&[("PingOneAICLockOwnershipUnknown", &[])]);
    staging.console().begin_unlock(&theirs);
    change(&env, KIND, "release", json!({"suspend": false})).await;
    tape.until(&mut env, "it is promoted", async |env| {
        is(env, KIND, "release", "Gated").await
    })
    .await;
    tape.resolves(&mut env).await;
    tape
}

/// The API server takes no word about the run whose lock is there.
pub async fn unrecorded() -> Tape {
    let mut env = start("a lock is recorded nowhere, for Prometheus").await;
    let company = env.company(&THREE).await;
    let mut tape = Tape::begin("a lock is recorded nowhere", &env).await;
    let late = env
        .network
        .fault(request(&company), Fault::Delay(Duration::from_secs(2)));
    run(&env, &company, "release", json!({"upTo": "staging"})).await;
    while late.hits() == 0 {
        env.step().await;
    }
    let about_it = Rule::on(API_SERVER).path_contains("/promotions/release");
    let away = env.network.fault(about_it, Fault::CloseBefore);
    tape.minutes(&mut env, 6).await;
    tape.fires(&[]);
    tape.minutes(&mut env, 15).await;
    let host = company.site("staging").tenant.host();
    tape.fires(&[("PingOneAICLockUnrecorded", &[("host", host)])]);
    away.remove();
    tape.until(&mut env, "it is promoted", async |env| {
        is(env, KIND, "release", "Gated").await
    })
    .await;
    tape.fires(&[]);
    tape
}

/// A person locks, and goes home.
pub async fn somebody_elses() -> Tape {
    let mut env = start("somebody else's lock, for Prometheus").await;
    let company = env.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    let mut tape = Tape::begin("somebody else's lock", &env).await;
    let theirs = staging.console().begin_lock();
    tape.minutes(&mut env, 3).await;
    run(&env, &company, "release", json!({"upTo": "staging"})).await;
    tape.until(&mut env, "it waits", async |env| {
        is(env, KIND, "release", "EnvironmentLocked").await
    })
    .await;
    // What waits for the unlock need not be an outage: the tenant may work with the former credential.
    let dev = company.site("dev");
    let (secret, credential) = (format!("pingone-{}", dev.name), dev.connection.add_credential());
    let data = [("credential", credential.jwt.as_str())];
    env.namespace.secret(&secret, &data).await.unwrap();
    tape.minutes(&mut env, 120).await;
    let not_used: Alert<'_> = ("PingOneAICCredentialNotUsed", &[("environment", "Development")]);
    tape.fires(&[not_used]);
    // Staging is found locked when it is checked the next time.
    tape.minutes(&mut env, 85).await;
    tape.fires(&[
        not_used,
        (
            "PingOneAICEnvironmentLocked",
            &[("kind", "AICIntegration"), ("environment", "Development")],
        ),
        (
            "PingOneAICEnvironmentLocked",
            &[("kind", "AICIntegration"), ("environment", "Staging")],
        ),
        ("PingOneAICEnvironmentLocked", &[("kind", "Promotion")]),
    ]);
    staging.console().begin_unlock(&theirs);
    tape.until(&mut env, "it is promoted", async |env| {
        is(env, KIND, "release", "Gated").await
    })
    .await;
    tape.resolves(&mut env).await;
    tape
}
