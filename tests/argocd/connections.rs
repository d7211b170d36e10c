//! Connections in the states that the operator itself brings them into.

use pingone_aic_simulator::pingone::{ClientClaims, UrlClaims};
use serde_json::json;

use crate::{
    arena::Arena,
    table::{Light, Table},
};

const KIND: &str = "PingOneConnection";

#[tokio::test]
async fn connections_are_judged_as_they_are() {
    let mut arena = Arena::start("connections are judged").await;
    let mut table = Table::default();

    let subject = arena.subject();
    let name = &subject.name;
    subject.apply(&arena.namespace, json!({})).await;
    arena
        .see(&mut table, KIND, name, "SecretNotFound", Light::Yellow)
        .await;
    subject.set_credential(&arena.namespace, "no JWT").await;
    arena
        .see(&mut table, KIND, name, "CredentialMalformed", Light::Red)
        .await;
    let other = arena.subject();
    subject
        .set_credential(&arena.namespace, &other.credential().jwt)
        .await;
    arena
        .see(&mut table, KIND, name, "EnvironmentMismatch", Light::Red)
        .await;
    let unknown = subject
        .connection
        .credential()
        .client_claims(ClientClaims::Unknown)
        .url_claims(UrlClaims::Unknown)
        .add();
    subject.set_credential(&arena.namespace, &unknown.jwt).await;
    arena
        .see(&mut table, KIND, name, "CannotAskPingOne", Light::Green)
        .await;
    let outage = arena.network.outage(&subject.environment.region().auth_host());
    subject
        .set_credential(&arena.namespace, &subject.credential().jwt)
        .await;
    arena
        .see(&mut table, KIND, name, "PingOneUnavailable", Light::Yellow)
        .await;
    drop(outage);
    arena
        .see(&mut table, KIND, name, "CredentialAccepted", Light::Green)
        .await;
    arena.change(KIND, name, json!({"suspend": true})).await;
    arena.see(&mut table, KIND, name, "Suspended", Light::Green).await;
    subject.connection.disable();
    arena.change(KIND, name, json!({"suspend": false})).await;
    arena
        .see(&mut table, KIND, name, "CredentialRefused", Light::Red)
        .await;

    // What the status says is of another spec, and then of none.
    arena.operator.kill();
    arena.change(KIND, name, json!({"interval": "11m"})).await;
    let changed = arena.namespace.get(KIND, name).await.unwrap();
    table.add("not looked at this spec", changed, Light::Yellow);
    other.apply(&arena.namespace, json!({})).await;
    let new = arena.namespace.get(KIND, &other.name).await.unwrap();
    table.add("not looked at this spec", new, Light::Yellow);
    let finalizer = json!({"metadata": {"finalizers": ["example.com/stays"]}});
    arena.namespace.patch(KIND, name, &finalizer).await.unwrap();
    arena.namespace.delete(KIND, name).await.unwrap();
    let going = arena.namespace.get(KIND, name).await.unwrap();
    table.add("Pending deletion", going, Light::Going);
    let let_go = json!({"metadata": {"finalizers": null}});
    arena.namespace.patch(KIND, name, &let_go).await.unwrap();
    table.check();
    table.check_that_broken_scripts_are_seen();
}
