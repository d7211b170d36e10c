//! Connections in the states that the operator itself brings them into.

use pingone_aic_simulator::pingone::{ClientClaims, UrlClaims};
use pingone_aic_support::Env;
use serde_json::json;

use crate::{
    states::States,
    table::{Light, Table},
};

const KIND: &str = "PingOneConnection";

#[tokio::test]
async fn connections_are_judged_as_they_are() {
    let mut env = Env::start("connections are judged").await;
    let mut table = Table::default();

    let fixture = env.fixture();
    let name = &fixture.name;
    fixture.apply(&env.namespace, json!({})).await;
    env.see(&mut table, KIND, name, "SecretNotFound", Light::Yellow)
        .await;
    fixture.set_credential(&env.namespace, "no JWT").await;
    env.see(&mut table, KIND, name, "CredentialMalformed", Light::Red)
        .await;
    let other = env.fixture();
    fixture
        .set_credential(&env.namespace, &other.credential().jwt)
        .await;
    env.see(&mut table, KIND, name, "EnvironmentMismatch", Light::Red)
        .await;
    let unknown = fixture
        .connection
        .credential()
        .client_claims(ClientClaims::Unknown)
        .url_claims(UrlClaims::Unknown)
        .add();
    fixture.set_credential(&env.namespace, &unknown.jwt).await;
    env.see(&mut table, KIND, name, "CannotAskPingOne", Light::Green)
        .await;
    let outage = env.network.outage(&fixture.environment.region().auth_host());
    fixture
        .set_credential(&env.namespace, &fixture.credential().jwt)
        .await;
    env.see(&mut table, KIND, name, "PingOneUnavailable", Light::Yellow)
        .await;
    drop(outage);
    env.see(&mut table, KIND, name, "CredentialAccepted", Light::Green)
        .await;
    env.change(KIND, name, json!({"suspend": true})).await;
    env.see(&mut table, KIND, name, "Suspended", Light::Suspended)
        .await;
    fixture.connection.disable();
    env.change(KIND, name, json!({"suspend": false})).await;
    env.see(&mut table, KIND, name, "CredentialRefused", Light::Red)
        .await;

    // What the status says is of another spec, and then of none.
    env.operator.kill();
    env.change(KIND, name, json!({"interval": "11m"})).await;
    let changed = env.namespace.get(KIND, name).await.unwrap();
    table.add("not read this spec", changed, Light::Yellow);
    other.apply(&env.namespace, json!({})).await;
    let new = env.namespace.get(KIND, &other.name).await.unwrap();
    table.add("not read this spec", new, Light::Yellow);
    let finalizer = json!({"metadata": {"finalizers": ["example.com/stays"]}});
    env.namespace.patch(KIND, name, &finalizer).await.unwrap();
    env.namespace.delete(KIND, name).await.unwrap();
    let going = env.namespace.get(KIND, name).await.unwrap();
    table.add("Pending deletion", going, Light::Going);
    let let_go = json!({"metadata": {"finalizers": null}});
    env.namespace.patch(KIND, name, &let_go).await.unwrap();
    table.check();
}
