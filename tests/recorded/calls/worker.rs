//! The PingOne worker service, its workers, and a tenant's own test.

use pingone_aic_operator::aic::{ConnectionTest, IntegrationName, Service, Worker};
use serde_json::json;

use crate::{
    exchange::Answer,
    play::{Made, Play},
    refusal,
};

/// The title of the attribute that names a worker's label.
pub const LABEL_TITLE: &str = "Credential Secret Label Identifier";

pub async fn read_service(play: &mut Play<'_>) -> Made {
    let realm = play.realm();
    match play.tenant.worker_service(realm).await? {
        None => play.answers_with(404),
        Some(service) => play.same_member("enabled", service.is_enabled()),
    }
    Ok(())
}

pub async fn put_service(play: &mut Play<'_>) -> Made {
    let realm = play.realm();
    play.tenant
        .put_worker_service(realm, Service::enabled(None))
        .await?;
    Ok(())
}

/// The worker is read before it is written: what it has stays.
pub async fn put(play: &mut Play<'_>) -> Made {
    let (realm, name) = (play.realm(), name(play));
    let mut worker = Answer {
        status: 200,
        ..play.answer().clone()
    };
    // The worker is asked for under the name that an integration can have.
    let recorded = worker.body.text("_id").unwrap_or_default();
    worker.body.replace(&recorded, &recorded.replace(' ', "-"));
    let schema = Answer::json(
        200,
        json!({"properties": {"labelOfSchema": {"title": LABEL_TITLE}}}),
    );
    play.answers([schema, worker, play.answer().clone()]);
    let Some(attribute) = play.tenant.label_attribute(realm).await? else {
        play.wrong("the client does not find the label's attribute by its title".to_owned());
        return Ok(());
    };
    let worker = play.tenant.worker(realm, &name).await?;
    let uses_credential = worker.as_ref().map(Worker::uses_credential);
    let recorded = play.answer().body.member("useCredential") == true;
    play.same("useCredential", uses_credential, &recorded.into());
    let label = worker.as_ref().and_then(|worker| worker.label(&attribute));
    play.same("label", label, &serde_json::Value::Null);
    let worker = Worker::with_credential(worker, &attribute, &name.label_identifier());
    play.tenant.put_worker(realm, &name, worker).await?;
    Ok(())
}

pub async fn test(play: &mut Play<'_>) -> Made {
    let (realm, name) = (play.realm(), name(play));
    let body = play.answer().body.clone();
    match play.tenant.test_connection(realm, &name, []).await? {
        ConnectionTest::Passed {
            credential_id,
            environment,
        } => {
            play.same_member("credentialId", credential_id);
            play.same_member("environmentName", environment.as_ref().map(|it| &it.name));
            play.same_member("environmentId", environment.as_ref().map(|it| &it.id));
        }
        ConnectionTest::Failed {
            message,
            credential_id,
        } => {
            play.answers_with(400);
            play.same(
                "credentialId",
                credential_id,
                &body.member("detail")["credentialId"],
            );
            let unreadable = refusal::unreadable(&message, &body, &[]);
            play.wrong.extend(unreadable);
        }
        ConnectionTest::NoWorker => play.wrong("the client takes the worker for absent".to_owned()),
    }
    Ok(())
}

/// Names with spaces are made by people.
fn name(play: &mut Play<'_>) -> IntegrationName {
    let recorded = play.exchange.request.segment_after("workers").unwrap_or_default();
    let name: IntegrationName = recorded.replace("%20", "-").parse().unwrap();
    play.replace("name", recorded, name.as_str());
    name
}
