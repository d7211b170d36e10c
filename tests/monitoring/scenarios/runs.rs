//! Promotions that fail, or wait for a person.

use pingone_aic_simulator::tenant::ConfigItem;
use pingone_aic_support::company::THREE;
use serde_json::json;

use super::{Tape, change, is, run, start, start_named};

const KIND: &str = "Promotion";

/// A failed run is told of until a newer one of the same integrations is there.
pub async fn failed() -> Tape {
    let mut env = start("a run fails, for Prometheus").await;
    let company = env.company(&THREE).await;
    let mut tape = Tape::begin("a run fails", &env).await;
    tape.fires(&[]);
    let dev = &company.site("dev").tenant;
    dev.set_encrypted_secrets(&["theirs"]);
    run(&env, &company, "first", json!({"upTo": "staging"})).await;
    tape.until(&mut env, "it fails", async |env| {
        is(env, KIND, "first", "EncryptedSecrets").await
    })
    .await;
    tape.fires(&[(
        "PingOneAICPromotionFailed",
        &[("phase", "Failed"), ("reason", "EncryptedSecrets")],
    )]);
    dev.set_encrypted_secrets(&[]);
    run(&env, &company, "second", json!({"upTo": "staging"})).await;
    tape.until(&mut env, "the second is at its gate", async |env| {
        is(env, KIND, "second", "Gated").await
    })
    .await;
    tape.resolves(&mut env).await;
    tape
}

/// PingOne refuses the credential of what is being promoted.
pub async fn not_proved() -> Tape {
    let mut env = start("a stage is not proved, for Prometheus").await;
    let company = env.company(&THREE).await;
    let mut tape = Tape::begin("a stage does not pass its test", &env).await;
    tape.fires(&[]);
    let timeouts = json!({"lock": "30m", "promotion": "2h", "verification": "5m"});
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
    company.site("staging").connection.disable();
    tape.until(&mut env, "it is not proved", async |env| {
        is(env, KIND, "release", "VerificationFailed").await
    })
    .await;
    tape.fires(&[
        ("PingOneAICVerificationFailed", &[]),
        (
            "PingOneAICCredentialRefused",
            &[("kind", "PingOneConnection"), ("reason", "CredentialRefused")],
        ),
    ]);
    tape
}

/// Somebody edits what was looked at; and a run whose stages do not fit together.
pub async fn held() -> Tape {
    let mut env = start_named("a run is held, for Prometheus").await;
    let company = env.company(&THREE).await;
    let mut tape = Tape::begin("a run is held", &env).await;
    run(&env, &company, "release", json!({"upTo": "dev"})).await;
    tape.until(&mut env, "it is at its gate", async |env| {
        is(env, KIND, "release", "Gated").await
    })
    .await;
    tape.fires(&[]);
    let item = ConfigItem::idm("Email > Templates", "theirs");
    company.site("dev").tenant.console().put_item(item, "a change");
    change(&env, KIND, "release", json!({"upTo": "staging"})).await;
    tape.until(&mut env, "it is held", async |env| {
        is(env, KIND, "release", "ContentChanged").await
    })
    .await;
    tape.fires(&[("PingOneAICPromotionHeld", &[("reason", "ContentChanged")])]);
    change(&env, KIND, "release", json!({"upTo": "dev"})).await;
    tape.until(&mut env, "it is at its gate again", async |env| {
        is(env, KIND, "release", "Gated").await
    })
    .await;
    tape.resolves(&mut env).await;

    let mut backwards = company.promotion("backwards", json!({"upTo": "dev"}));
    backwards["spec"]["order"].as_array_mut().unwrap().reverse();
    env.namespace.apply(backwards).await.unwrap();
    tape.until(&mut env, "it needs a person", async |env| {
        is(env, KIND, "backwards", "GroupInvalid").await
    })
    .await;
    tape.fires(&[]);
    tape.minutes(&mut env, 6).await;
    tape.fires(&[("PingOneAICPromotionNeedsPerson", &[("reason", "GroupInvalid")])]);
    env.namespace.delete(KIND, "backwards").await.unwrap();
    tape.resolves(&mut env).await;
    tape
}
