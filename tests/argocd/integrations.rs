//! Integrations in the states that the operator itself brings them into.

use std::time::Duration;

use pingone_aic_simulator::{Fault, Realm, Rule};
use serde_json::json;

use crate::{
    arena::{
        Arena,
        company::THREE,
        subject::{ESV, WORKER},
    },
    table::{Light, Table},
};

const KIND: &str = "AICIntegration";

#[tokio::test]
async fn integrations_are_judged_while_they_come_and_go() {
    let mut arena = Arena::start("integrations come and go").await;
    let mut table = Table::default();
    let table = &mut table;

    let subject = arena.subject();
    let name = &subject.name;
    arena
        .namespace
        .apply(subject.integration(name, json!({})))
        .await
        .unwrap();
    arena
        .see(table, KIND, name, "ConnectionNotFound", Light::Yellow)
        .await;
    subject.apply(&arena.namespace, json!({})).await;
    arena
        .see(table, KIND, name, "ConnectionNotReady", Light::Yellow)
        .await;
    subject
        .set_credential(&arena.namespace, &subject.credential().jwt)
        .await;
    arena
        .see(table, KIND, name, "SecretNotFound", Light::Yellow)
        .await;
    let outage = arena.network.outage(subject.tenant.host());
    subject.set_account(&arena.namespace).await;
    arena
        .see(table, KIND, name, "TenantUnavailable", Light::Yellow)
        .await;
    drop(outage);
    arena.see(table, KIND, name, "TestPassed", Light::Green).await;
    arena.change(KIND, name, json!({"driftPolicy": "Warn"})).await;
    subject
        .tenant
        .console()
        .edit_worker(Realm::Alpha, WORKER, "useCredential", false);
    arena.see(table, KIND, name, "DriftDetected", Light::Red).await;
    arena.change(KIND, name, json!({"suspend": true})).await;
    arena.see(table, KIND, name, "Suspended", Light::Green).await;
    arena
        .change(KIND, name, json!({"suspend": false, "driftPolicy": "Correct"}))
        .await;
    arena.see(table, KIND, name, "TestPassed", Light::Green).await;

    arena.operator.kill();
    arena.change(KIND, name, json!({"interval": "11m"})).await;
    let changed = arena.namespace.get(KIND, name).await.unwrap();
    table.add("not looked at this spec", changed, Light::Yellow);
    let new = arena.subject();
    new.apply(&arena.namespace, json!({})).await;
    let new = arena.namespace.get(KIND, &new.name).await.unwrap();
    table.add("not looked at this spec", new, Light::Yellow);
    table.check();
}

#[tokio::test]
async fn integrations_that_are_refused_are_never_green() {
    let mut arena = Arena::start("integrations that are refused").await;
    let mut table = Table::default();
    let table = &mut table;

    let fenced = arena.subject();
    let elsewhere = json!({"tenant": {
        "url": "https://openam-other-ew2-dev.id.forgerock.io", "environment": "Development",
        "serviceAccountSecretRef": {"name": format!("aic-{}", fenced.name)},
    }});
    arena.begin(&fenced, &fenced.credential().jwt, elsewhere).await;
    arena
        .see(
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
    arena.namespace.apply(object).await.unwrap();
    arena
        .see(table, KIND, "foreign", "HostNotAllowed", Light::Red)
        .await;

    let taken = arena.subject();
    taken
        .tenant
        .console()
        .create_secret(ESV, "theirs", false, "value");
    arena.begin(&taken, &taken.credential().jwt, json!({})).await;
    arena
        .see(table, KIND, &taken.name, "EsvNotOwned", Light::Red)
        .await;

    let slowed = arena.subject();
    let slow_down = Fault::status(429).header("Retry-After", "3000");
    arena
        .network
        .fault(Rule::on(slowed.tenant.host()).times(1), slow_down);
    arena.begin(&slowed, &slowed.credential().jwt, json!({})).await;
    arena
        .see(table, KIND, &slowed.name, "RateLimited", Light::Yellow)
        .await;

    // It goes once the tenant is there again.
    let outage = arena.network.outage(taken.tenant.host());
    arena
        .change(
            KIND,
            &taken.name,
            json!({"deletionPolicy": "Delete", "adopt": true}),
        )
        .await;
    arena
        .see(table, KIND, &taken.name, "TenantUnavailable", Light::Yellow)
        .await;
    arena.namespace.delete(KIND, &taken.name).await.unwrap();
    let going = arena.namespace.get(KIND, &taken.name).await.unwrap();
    table.add("Pending deletion", going, Light::Going);
    drop(outage);
    table.check();
}

#[tokio::test]
async fn integrations_that_wait_for_the_tenant_are_never_red() {
    let mut arena = Arena::start("integrations that wait").await;
    let mut table = Table::default();
    let table = &mut table;

    let rotated = arena.subject();
    rotated.tenant.set_secret_cache(Duration::from_mins(8));
    arena.begin(&rotated, &rotated.credential().jwt, json!({})).await;
    arena
        .see(table, KIND, &rotated.name, "TestPassed", Light::Green)
        .await;
    rotated
        .set_credential(&arena.namespace, &rotated.credential().jwt)
        .await;
    arena
        .see(
            table,
            KIND,
            &rotated.name,
            "CredentialNotYetServed",
            Light::Yellow,
        )
        .await;
    arena
        .see(table, KIND, &rotated.name, "TestPassed", Light::Green)
        .await;
    for account in rotated.accounts() {
        rotated.tenant.revoke_service_account(&account);
    }
    arena
        .see(table, KIND, &rotated.name, "ServiceAccountRefused", Light::Red)
        .await;

    let company = arena.company(&THREE).await;
    let (dev, staging) = (company.site("dev"), company.site("staging"));
    arena
        .see(table, KIND, &staging.name, "AwaitingPromotion", Light::Green)
        .await;
    staging.tenant.import_static_configuration_from(&dev.tenant);
    arena
        .see(table, KIND, &staging.name, "TestPassed", Light::Green)
        .await;
    staging.tenant.console().delete_worker(Realm::Alpha, WORKER);
    arena
        .see(table, KIND, &staging.name, "WorkerMissing", Light::Red)
        .await;
    dev.tenant.console().delete_worker(Realm::Alpha, WORKER);
    staging.tenant.console().begin_lock();
    arena
        .see(table, KIND, &dev.name, "EnvironmentLocked", Light::Yellow)
        .await;
    table.check();
}
