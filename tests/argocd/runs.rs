//! Promotions in the states that the operator itself brings them into.

use std::time::Duration;

use pingone_aic_simulator::{Fault, Rule, tenant::Times};
use serde_json::{Value, json};

use crate::{
    arena::{
        Arena,
        company::{Company, THREE},
    },
    table::{Light, Table},
};

const KIND: &str = "Promotion";

impl Arena {
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
    let mut arena = Arena::start("runs in which nothing is wrong").await;
    let company = arena.company(&THREE).await;
    let mut table = Table::default();
    let table = &mut table;

    arena.run(&company, "release", json!({"upTo": "dev"})).await;
    arena.see(table, KIND, "release", "Gated", Light::Green).await;
    arena.set("release", json!({"suspend": true})).await;
    arena.see(table, KIND, "release", "Suspended", Light::Green).await;
    arena
        .set("release", json!({"suspend": false, "upTo": "staging"}))
        .await;
    arena.see(table, KIND, "release", "Locking", Light::Yellow).await;
    arena.run(&company, "second", json!({"upTo": "staging"})).await;
    arena.see(table, KIND, "second", "Queued", Light::Yellow).await;
    for reason in ["Running", "Unlocking"] {
        arena.see(table, KIND, "release", reason, Light::Yellow).await;
    }
    arena.see(table, KIND, "release", "Gated", Light::Green).await;
    arena.see(table, KIND, "second", "Gated", Light::Green).await;
    arena.set("release", json!({"upTo": "prod"})).await;
    arena.see(table, KIND, "release", "Succeeded", Light::Green).await;

    // Somebody else's promotion is waited for.
    let other = arena.company(&THREE).await;
    let theirs = other.site("staging").tenant.console().begin_lock();
    arena.network.clock().advance(Duration::from_mins(3));
    arena.run(&other, "patient", json!({"upTo": "staging"})).await;
    arena
        .see(table, KIND, "patient", "EnvironmentLocked", Light::Yellow)
        .await;
    other.site("staging").tenant.console().begin_unlock(&theirs);
    arena.see(table, KIND, "patient", "Locking", Light::Yellow).await;
    arena.namespace.delete(KIND, "patient").await.unwrap();
    let going = arena.namespace.get(KIND, "patient").await.unwrap();
    table.add("Pending deletion", going, Light::Going);

    let mut incomplete = company.promotion("incomplete", json!({}));
    incomplete["spec"]["order"][2]["integrations"] = json!(["nobody"]);
    arena.namespace.apply(incomplete).await.unwrap();
    arena
        .see(table, KIND, "incomplete", "PreflightFailed", Light::Yellow)
        .await;

    arena.operator.kill();
    arena.set("release", json!({"upTo": "staging"})).await;
    let changed = arena.namespace.get(KIND, "release").await.unwrap();
    table.add("not looked at this spec", changed, Light::Yellow);
    arena.run(&company, "new", json!({})).await;
    let new = arena.namespace.get(KIND, "new").await.unwrap();
    table.add("not looked at this spec", new, Light::Yellow);
    arena.operator.start().await.unwrap();
    table.check();
}

#[tokio::test]
async fn runs_in_which_something_is_wrong_are_never_green() {
    let mut arena = Arena::start("runs in which something is wrong").await;
    let company = arena.company(&THREE).await;
    let mut table = Table::default();
    let table = &mut table;

    let mut backwards = company.promotion("backwards", json!({"upTo": "dev"}));
    backwards["spec"]["order"].as_array_mut().unwrap().reverse();
    arena.namespace.apply(backwards).await.unwrap();
    arena
        .see(table, KIND, "backwards", "GroupInvalid", Light::Red)
        .await;

    let dev = &company.site("dev").tenant;
    dev.set_encrypted_secrets(&["theirs"]);
    arena.run(&company, "failed", json!({"upTo": "staging"})).await;
    arena
        .see(table, KIND, "failed", "EncryptedSecrets", Light::Red)
        .await;
    dev.set_encrypted_secrets(&[]);
    arena.run(&company, "aborted", json!({"upTo": "staging"})).await;
    arena.once(KIND, "aborted", "Locking").await;
    arena.set("aborted", json!({"abort": true})).await;
    arena.see(table, KIND, "aborted", "Aborted", Light::Red).await;
    // A run that is over stays what it is.
    arena.set("aborted", json!({"suspend": true})).await;
    arena.see(table, KIND, "aborted", "Aborted", Light::Red).await;

    // PingOne refuses the credential of what is being promoted.
    let third = arena.company(&THREE).await;
    let staging = third.site("staging");
    let impatient = json!({
        "upTo": "staging", "timeouts": {"lock": "30m", "promotion": "2h", "verification": "5m"},
    });
    arena.run(&third, "unproved", impatient).await;
    arena.once(KIND, "unproved", "Locking").await;
    staging.connection.disable();
    arena
        .see(table, KIND, "unproved", "Verifying", Light::Yellow)
        .await;
    arena
        .see(table, KIND, "unproved", "VerificationFailed", Light::Red)
        .await;

    let other = arena.company(&THREE).await;
    other.site("dev").spoil(&arena.namespace).await;
    let more = json!({"upTo": "staging", "onFailure": "Rollback"});
    arena.run(&other, "rolled-back", more).await;
    arena
        .see(table, KIND, "rolled-back", "RolledBack", Light::Red)
        .await;
    table.check();
}

#[tokio::test]
async fn runs_whose_lock_needs_a_person_are_red() {
    let mut arena = Arena::start("runs whose lock needs a person").await;
    let company = arena.company(&THREE).await;
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
    arena.run(&company, "overdue", impatient).await;
    arena
        .see(table, KIND, "overdue", "PromotionOverdue", Light::Red)
        .await;
    arena.namespace.delete(KIND, "overdue").await.unwrap();
    let going = arena.namespace.get(KIND, "overdue").await.unwrap();
    table.add("Pending deletion", going, Light::Going);

    // Our answer is lost, and then our lock is not given back.
    let third = arena.company(&THREE).await;
    let staging = third.site("staging");
    let lock = Rule::on(staging.tenant.host())
        .method("POST")
        .path_contains("/promotion/lock");
    arena.network.fault(lock.times(1), Fault::CloseAfter);
    let unlock = Rule::on(staging.tenant.host()).method("DELETE");
    let unlock = arena.network.fault(unlock, Fault::status(500));
    arena.run(&third, "unreleased", json!({"upTo": "staging"})).await;
    arena
        .see(table, KIND, "unreleased", "LockOwnershipUnknown", Light::Yellow)
        .await;
    arena
        .see(table, KIND, "unreleased", "LockNotReleased", Light::Red)
        .await;
    arena.set("unreleased", json!({"abort": true})).await;
    unlock.remove();
    arena
        .see(table, KIND, "unreleased", "LockAnswerLost", Light::Red)
        .await;
    table.check();
}
