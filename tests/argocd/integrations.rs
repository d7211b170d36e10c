//! Integrations in the states that the operator itself brings them into.

use std::time::Duration;

use pingone_aic_simulator::{Fault, Realm, Rule};
use pingone_aic_support::{
    Env,
    company::THREE,
    fixture::{ESV, WORKER},
};
use serde_json::json;

use crate::{
    states::States,
    table::{Light, Table},
};

const KIND: &str = "AICIntegration";

#[tokio::test]
async fn integrations_are_judged_while_they_come_and_go() {
    let mut env = Env::start("integrations come and go").await;
    let mut table = Table::default();
    let table = &mut table;

    let fixture = env.fixture();
    let name = &fixture.name;
    env.namespace
        .apply(fixture.integration(name, json!({})))
        .await
        .unwrap();
    env.see(table, KIND, name, "ConnectionNotFound", Light::Yellow)
        .await;
    fixture.apply(&env.namespace, json!({})).await;
    env.see(table, KIND, name, "ConnectionNotReady", Light::Yellow)
        .await;
    fixture
        .set_credential(&env.namespace, &fixture.credential().jwt)
        .await;
    env.see(table, KIND, name, "SecretNotFound", Light::Yellow).await;
    let outage = env.network.outage(fixture.tenant.host());
    fixture.set_account(&env.namespace).await;
    env.see(table, KIND, name, "TenantUnavailable", Light::Yellow)
        .await;
    drop(outage);
    env.see(table, KIND, name, "TestPassed", Light::Green).await;
    env.change(KIND, name, json!({"driftPolicy": "Warn"})).await;
    fixture
        .tenant
        .console()
        .edit_worker(Realm::Alpha, WORKER, "useCredential", false);
    env.see(table, KIND, name, "DriftDetected", Light::Red).await;
    env.change(KIND, name, json!({"suspend": true})).await;
    env.see(table, KIND, name, "Suspended", Light::Suspended).await;
    env.change(KIND, name, json!({"suspend": false, "driftPolicy": "Correct"}))
        .await;
    env.see(table, KIND, name, "TestPassed", Light::Green).await;

    env.operator.kill();
    env.change(KIND, name, json!({"interval": "11m"})).await;
    let changed = env.namespace.get(KIND, name).await.unwrap();
    table.add("not read this spec", changed, Light::Yellow);
    let new = env.fixture();
    new.apply(&env.namespace, json!({})).await;
    let new = env.namespace.get(KIND, &new.name).await.unwrap();
    table.add("not read this spec", new, Light::Yellow);
    table.check();
}

#[tokio::test]
async fn integrations_that_are_refused_are_never_green() {
    let mut env = Env::start("integrations that are refused").await;
    let mut table = Table::default();
    let table = &mut table;

    let fenced = env.fixture();
    let elsewhere = json!({"tenant": {
        "url": "https://openam-other-ew2-dev.id.forgerock.io", "environment": "Development",
        "serviceAccountSecretRef": {"name": format!("aic-{}", fenced.name)},
    }});
    env.begin(&fenced, &fenced.credential().jwt, elsewhere).await;
    env.see(
        table,
        KIND,
        &fenced.name,
        "TenantNotAllowedForCredential",
        Light::Red,
    )
    .await;
    let foreign = json!({"tenant": {
        "url": "https://example.com", "environment": "Development",
        "serviceAccountSecretRef": {"name": "aic"},
    }, "connectionRef": {"name": "nobody"}, "name": WORKER, "realm": "alpha"});
    let mut object = fenced.integration("foreign", json!({}));
    object["spec"] = foreign;
    env.namespace.apply(object).await.unwrap();
    env.see(table, KIND, "foreign", "HostNotAllowed", Light::Red)
        .await;

    let taken = env.fixture();
    taken
        .tenant
        .console()
        .create_secret(ESV, "theirs", false, "value");
    env.begin(&taken, &taken.credential().jwt, json!({})).await;
    env.see(table, KIND, &taken.name, "EsvNotOwned", Light::Red).await;

    let slowed = env.fixture();
    let slow_down = Fault::status(429).header("Retry-After", "3000");
    env.network
        .fault(Rule::on(slowed.tenant.host()).times(1), slow_down);
    env.begin(&slowed, &slowed.credential().jwt, json!({})).await;
    env.see(table, KIND, &slowed.name, "RateLimited", Light::Yellow)
        .await;

    // It goes once the tenant is there again.
    let outage = env.network.outage(taken.tenant.host());
    env.change(
        KIND,
        &taken.name,
        json!({"deletionPolicy": "Delete", "adopt": true}),
    )
    .await;
    env.see(table, KIND, &taken.name, "TenantUnavailable", Light::Yellow)
        .await;
    env.namespace.delete(KIND, &taken.name).await.unwrap();
    let going = env.namespace.get(KIND, &taken.name).await.unwrap();
    table.add("Pending deletion", going, Light::Going);
    drop(outage);
    table.check();
}

#[tokio::test]
async fn integrations_that_wait_for_the_tenant_are_never_red() {
    let mut env = Env::start("integrations that wait").await;
    let mut table = Table::default();
    let table = &mut table;

    let rotated = env.fixture();
    rotated.tenant.set_secret_cache(Duration::from_mins(8));
    env.begin(&rotated, &rotated.credential().jwt, json!({})).await;
    env.see(table, KIND, &rotated.name, "TestPassed", Light::Green)
        .await;
    rotated
        .set_credential(&env.namespace, &rotated.credential().jwt)
        .await;
    env.see(
        table,
        KIND,
        &rotated.name,
        "CredentialNotYetServed",
        Light::Yellow,
    )
    .await;
    env.see(table, KIND, &rotated.name, "TestPassed", Light::Green)
        .await;
    for account in rotated.accounts() {
        rotated.tenant.revoke_service_account(&account);
    }
    env.see(table, KIND, &rotated.name, "ServiceAccountRefused", Light::Red)
        .await;

    let company = env.company(&THREE).await;
    let (dev, staging) = (company.site("dev"), company.site("staging"));
    env.see(table, KIND, &staging.name, "AwaitingPromotion", Light::Green)
        .await;
    staging.tenant.import_static_configuration_from(&dev.tenant);
    env.see(table, KIND, &staging.name, "TestPassed", Light::Green)
        .await;
    staging.tenant.console().delete_worker(Realm::Alpha, WORKER);
    env.see(table, KIND, &staging.name, "WorkerMissing", Light::Red)
        .await;
    dev.tenant.console().delete_worker(Realm::Alpha, WORKER);
    staging.tenant.console().begin_lock();
    env.see(table, KIND, &dev.name, "EnvironmentLocked", Light::Yellow)
        .await;
    table.check();
}
