//! Promotions in the states that the operator itself brings them into.

use std::time::Duration;

use easy_ext::ext;
use pingone_aic_simulator::{Fault, Rule, tenant::Times};
use pingone_aic_support::{
    Env,
    company::{Company, THREE},
};
use serde_json::{Value, json};

use crate::{
    states::States,
    table::{Light, Table},
};

const KIND: &str = "Promotion";

#[ext(Runs)]
pub(crate) impl Env {
    async fn run(&self, company: &Company, name: &str, more: Value) {
        let run = company.promotion(name, more);
        self.namespace.apply(run).await.unwrap();
    }

    async fn set(&self, name: &str, spec: Value) {
        let patch = json!({"spec": spec});
        self.namespace.patch(KIND, name, &patch).await.unwrap();
    }
}

#[tokio::test]
async fn runs_in_which_nothing_is_wrong_are_never_red() {
    let mut env = Env::start("runs in which nothing is wrong").await;
    let company = env.company(&THREE).await;
    let mut table = Table::default();
    let table = &mut table;

    env.run(&company, "release", json!({"upTo": "dev"})).await;
    env.see(table, KIND, "release", "Gated", Light::Green).await;
    env.set("release", json!({"suspend": true})).await;
    env.see(table, KIND, "release", "Suspended", Light::Suspended)
        .await;
    env.set("release", json!({"suspend": false, "upTo": "staging"}))
        .await;
    env.see(table, KIND, "release", "Locking", Light::Yellow).await;
    env.run(&company, "second", json!({"upTo": "staging"})).await;
    env.see(table, KIND, "second", "Queued", Light::Yellow).await;
    for reason in ["Running", "Unlocking"] {
        env.see(table, KIND, "release", reason, Light::Yellow).await;
    }
    env.see(table, KIND, "release", "Gated", Light::Green).await;
    env.see(table, KIND, "second", "Gated", Light::Green).await;
    env.set("release", json!({"upTo": "prod"})).await;
    env.see(table, KIND, "release", "Succeeded", Light::Green).await;

    // Somebody else's promotion is waited for.
    let other = env.company(&THREE).await;
    let theirs = other.site("staging").tenant.console().begin_lock();
    env.network.clock().advance(Duration::from_mins(3));
    env.run(&other, "patient", json!({"upTo": "staging"})).await;
    env.see(table, KIND, "patient", "EnvironmentLocked", Light::Yellow)
        .await;
    other.site("staging").tenant.console().begin_unlock(&theirs);
    env.see(table, KIND, "patient", "Locking", Light::Yellow).await;
    env.namespace.delete(KIND, "patient").await.unwrap();
    let going = env.namespace.get(KIND, "patient").await.unwrap();
    table.add("Pending deletion", going, Light::Going);

    let mut incomplete = company.promotion("incomplete", json!({}));
    incomplete["spec"]["order"][2]["integrations"] = json!(["nobody"]);
    env.namespace.apply(incomplete).await.unwrap();
    env.see(table, KIND, "incomplete", "PreflightFailed", Light::Yellow)
        .await;

    env.operator.kill();
    env.set("release", json!({"upTo": "staging"})).await;
    let changed = env.namespace.get(KIND, "release").await.unwrap();
    table.add("not read this spec", changed, Light::Yellow);
    env.run(&company, "new", json!({})).await;
    let new = env.namespace.get(KIND, "new").await.unwrap();
    table.add("not read this spec", new, Light::Yellow);
    env.operator.start().await.unwrap();
    table.check();
}

#[tokio::test]
async fn runs_in_which_something_is_wrong_are_never_green() {
    let mut env = Env::start("runs in which something is wrong").await;
    let company = env.company(&THREE).await;
    let mut table = Table::default();
    let table = &mut table;

    let mut backwards = company.promotion("backwards", json!({"upTo": "dev"}));
    backwards["spec"]["order"].as_array_mut().unwrap().reverse();
    env.namespace.apply(backwards).await.unwrap();
    env.see(table, KIND, "backwards", "GroupInvalid", Light::Red)
        .await;

    let dev = &company.site("dev").tenant;
    dev.set_encrypted_secrets(&["theirs"]);
    env.run(&company, "failed", json!({"upTo": "staging"})).await;
    env.see(table, KIND, "failed", "EncryptedSecrets", Light::Red)
        .await;
    dev.set_encrypted_secrets(&[]);
    env.run(&company, "aborted", json!({"upTo": "staging"})).await;
    env.once(KIND, "aborted", "Locking").await;
    env.set("aborted", json!({"abort": true})).await;
    env.see(table, KIND, "aborted", "Aborted", Light::Red).await;
    // A run that is over stays what it is.
    env.set("aborted", json!({"suspend": true})).await;
    env.see(table, KIND, "aborted", "Aborted", Light::Red).await;

    // PingOne refuses the credential of what is being promoted.
    let third = env.company(&THREE).await;
    let staging = third.site("staging");
    let impatient = json!({
        "upTo": "staging", "timeouts": {"lock": "30m", "promotion": "2h", "verification": "5m"},
    });
    env.run(&third, "unproved", impatient).await;
    env.once(KIND, "unproved", "Locking").await;
    staging.connection.disable();
    env.see(table, KIND, "unproved", "Verifying", Light::Yellow).await;
    env.see(table, KIND, "unproved", "VerificationFailed", Light::Red)
        .await;

    let other = env.company(&THREE).await;
    other.site("dev").spoil(&env.namespace).await;
    let more = json!({"upTo": "staging", "onFailure": "Rollback"});
    env.run(&other, "rolled-back", more).await;
    env.see(table, KIND, "rolled-back", "RolledBack", Light::Red)
        .await;
    table.check();
}

#[tokio::test]
async fn runs_whose_lock_needs_a_person_are_red() {
    let mut env = Env::start("runs whose lock needs a person").await;
    let company = env.company(&THREE).await;
    let mut table = Table::default();
    let table = &mut table;

    let times = Times {
        promotion: Duration::from_hours(1),
        ..Times::default()
    };
    company.group.set_times(times);
    let impatient = json!({
        "upTo": "staging", "timeouts": {"lock": "30m", "promotion": "15m", "verification": "15m"},
    });
    env.run(&company, "overdue", impatient).await;
    env.see(table, KIND, "overdue", "PromotionOverdue", Light::Red)
        .await;
    env.namespace.delete(KIND, "overdue").await.unwrap();
    let going = env.namespace.get(KIND, "overdue").await.unwrap();
    table.add("Pending deletion", going, Light::Going);

    // Our answer is lost, and then our lock is not given back.
    let third = env.company(&THREE).await;
    let staging = third.site("staging");
    let lock = Rule::on(staging.tenant.host())
        .method("POST")
        .path_contains("/promotion/lock");
    env.network.fault(lock.times(1), Fault::CloseAfter);
    let unlock = Rule::on(staging.tenant.host()).method("DELETE");
    let unlock = env.network.fault(unlock, Fault::status(500));
    env.run(&third, "unreleased", json!({"upTo": "staging"})).await;
    env.see(table, KIND, "unreleased", "LockOwnershipUnknown", Light::Yellow)
        .await;
    env.see(table, KIND, "unreleased", "LockNotReleased", Light::Red)
        .await;
    env.set("unreleased", json!({"abort": true})).await;
    unlock.remove();
    env.see(table, KIND, "unreleased", "LockAnswerLost", Light::Red)
        .await;
    table.check();
}
