//! Worker service, worker and mapping: written where the environment is mutable, looked for where it is not.
//!
//! A worker gets its credential's label and nothing else: a promotion would carry everything else up.

use super::{
    dereference::Inputs,
    lock::{check_unlocked, written},
    pass::Pass,
};
use crate::{
    aic::{LabelAttribute, Service, Worker},
    api::{
        Reason, WorkerStatus,
        conditions::{ACTIVE, Conclusion, Finding, SECRET_MAPPED, WORKER_READY},
    },
    controller::engine::requeue::{Flow, Requeue},
};

/// Sees to it that the worker and its mapping are as they should be.
pub(super) async fn ensure(pass: &mut Pass<'_>, inputs: &Inputs) -> Flow<()> {
    enable_service(pass, inputs).await?;
    let attribute = match inputs.tenant.label_attribute(inputs.realm).await {
        Ok(Some(attribute)) => attribute,
        Ok(None) => {
            let message = "this tenant's PingOne workers have no Credential Secret Label Identifier: product connections are not there yet. They come to the rapid channel first";
            return Err(missing(pass, Reason::ProductConnectionsNotSupported, message));
        }
        Err(error) => return Err(pass.trouble(&error)),
    };
    let created = ensure_worker(pass, inputs, &attribute).await?;
    let message = format!(
        "worker {} uses the credential label {}",
        inputs.name, inputs.label
    );
    pass.find(WORKER_READY, &Finding::yes(Reason::WorkerConfigured, message));
    pass.status.worker = Some(WorkerStatus {
        name: inputs.name.to_string(),
        label: inputs.label.to_string(),
    });
    ensure_mapping(pass, inputs, created).await?;
    let message = format!("the worker's label is mapped to {}", inputs.esv);
    pass.find(SECRET_MAPPED, &Finding::yes(Reason::LabelMapped, message));
    Ok(())
}

async fn enable_service(pass: &mut Pass<'_>, inputs: &Inputs) -> Flow<()> {
    let service = pass.tried(inputs.tenant.worker_service(inputs.realm).await)?;
    if service.as_ref().is_some_and(Service::is_enabled) {
        return Ok(());
    }
    // What was not there before has not drifted: it is made.
    if pass.status.worker.is_some() {
        pass.drifted(ACTIVE, "the PingOne worker service is not enabled")?;
    }
    check_unlocked(pass, &inputs.tenant).await?;
    let service = Service::enabled(service);
    let result = inputs.tenant.put_worker_service(inputs.realm, service).await;
    written(pass, &inputs.tenant, result).await
}

/// Whether the worker was made just now.
async fn ensure_worker(pass: &mut Pass<'_>, inputs: &Inputs, attribute: &LabelAttribute) -> Flow<bool> {
    let worker = pass.tried(inputs.tenant.worker(inputs.realm, &inputs.name).await)?;
    match judge(
        worker.as_ref(),
        attribute,
        inputs.label.as_str(),
        pass.status.worker.is_some(),
    ) {
        Verdict::Good => return Ok(false),
        Verdict::New => {}
        Verdict::Drifted(what) => pass.drifted(ACTIVE, &what)?,
        // Once: from then on the object remembers its worker.
        Verdict::NotOurs(_) if pass.object.spec.adopt => {}
        Verdict::NotOurs(label) => {
            let message = format!(
                "worker {} exists in realm {} and uses {label}: choose another spec.name, set spec.secretLabelIdentifier to what it uses, or set spec.adopt to true to take it over",
                inputs.name,
                inputs.realm.as_str()
            );
            return Err(missing(pass, Reason::WorkerNotOwned, &message));
        }
    }
    check_unlocked(pass, &inputs.tenant).await?;
    let created = worker.is_none();
    let wanted = Worker::with_credential(worker, attribute, &inputs.label);
    let result = inputs.tenant.put_worker(inputs.realm, &inputs.name, wanted).await;
    written(pass, &inputs.tenant, result).await?;
    Ok(created)
}

/// What is to be thought of a worker.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Good,
    New,
    Drifted(String),
    NotOurs(String),
}

fn judge(worker: Option<&Worker>, attribute: &LabelAttribute, label: &str, seen_before: bool) -> Verdict {
    let Some(worker) = worker else {
        return if seen_before {
            Verdict::Drifted("the worker is gone".to_owned())
        } else {
            Verdict::New
        };
    };
    match worker.label(attribute) {
        Some(used) if used == label && worker.uses_credential() => Verdict::Good,
        Some(used) if used == label && seen_before => {
            Verdict::Drifted("useCredential of the worker is false".to_owned())
        }
        used if seen_before => Verdict::Drifted(match used {
            Some(used) => format!("the worker's Credential Secret Label Identifier is {used}"),
            None => "the worker's Credential Secret Label Identifier is empty".to_owned(),
        }),
        Some(used) if used == label => Verdict::NotOurs(format!(
            "no credential, though it has the label {used} of this object's name"
        )),
        Some(used) => Verdict::NotOurs(format!("the credential label {used}")),
        None => Verdict::NotOurs("no credential label".to_owned()),
    }
}

async fn ensure_mapping(pass: &mut Pass<'_>, inputs: &Inputs, worker_is_new: bool) -> Flow<()> {
    // A label exists only as long as its worker: that of a new worker cannot have been mapped to anything else.
    if !worker_is_new {
        // The condition is the memory of a mapping that was once as it should be.
        let mapped_before = pass.status.conditions.is_true(SECRET_MAPPED);
        match pass.tried(inputs.tenant.mapping(inputs.realm, &inputs.label).await)? {
            Some(mapping) if mapping.leads_to(&inputs.esv) => return Ok(()),
            Some(mapping) if mapped_before => {
                let what = format!("the worker's label is mapped to {}", mapping.aliases.join(", "));
                pass.drifted(ACTIVE, &what)?;
            }
            Some(_) if pass.object.spec.adopt => {}
            Some(mapping) => {
                let message = format!(
                    "the label {} is mapped to {}, which is not this object's: choose another spec.name, give that ESV as spec.esvId, or set spec.adopt to true to take it over",
                    inputs.label,
                    mapping.aliases.join(", ")
                );
                pass.find(SECRET_MAPPED, &Finding::no(Reason::WorkerNotOwned, &message));
                return Err(missing(pass, Reason::WorkerNotOwned, &message));
            }
            None if mapped_before => pass.drifted(ACTIVE, "the mapping of the worker's label is gone")?,
            None => {}
        }
    }
    check_unlocked(pass, &inputs.tenant).await?;
    let Inputs {
        tenant, realm, label, ..
    } = inputs;
    let result = tenant.put_mapping(*realm, label, &inputs.esv).await;
    written(pass, tenant, result).await
}

/// Looks for what a promotion brings. Its absence is no failure, unless it was there before.
pub(super) async fn await_promotion(pass: &mut Pass<'_>, inputs: &Inputs) -> Flow<()> {
    if let Some(worker) = pass.tried(inputs.tenant.worker(inputs.realm, &inputs.name).await)? {
        let attribute = pass.tried(inputs.tenant.label_attribute(inputs.realm).await)?;
        let label = attribute
            .as_ref()
            .and_then(|attribute| worker.label(attribute))
            .unwrap_or("none");
        if label != inputs.label.as_str() || !worker.uses_credential() {
            let message = format!(
                "the promoted worker {} should use the credential label {}, and its label is {label} and useCredential is {}: correct it in the environment below and promote it",
                inputs.name,
                inputs.label,
                worker.uses_credential()
            );
            return Err(missing(pass, Reason::DriftDetected, &message));
        }
        let message = format!(
            "worker {} came with a promotion and uses the label {}",
            inputs.name, inputs.label
        );
        pass.find(WORKER_READY, &Finding::yes(Reason::WorkerConfigured, message));
        pass.status.worker = Some(WorkerStatus {
            name: inputs.name.to_string(),
            label: inputs.label.to_string(),
        });
        return Ok(());
    }
    if pass.status.worker.is_some() {
        let message = format!(
            "worker {} was here and is gone: static configuration comes only by promotion, so promote again from the environment below",
            inputs.name
        );
        return Err(missing(pass, Reason::WorkerMissing, &message));
    }
    let message = format!(
        "ESV {} holds the credential; worker and mapping come with a promotion from the environment below",
        inputs.esv
    );
    let waits = Finding::no(Reason::AwaitingPromotion, &message);
    for type_ in [WORKER_READY, SECRET_MAPPED, ACTIVE] {
        pass.find(type_, &waits);
    }
    Err(Requeue {
        conclusion: Conclusion::Done(Reason::AwaitingPromotion, message),
        when: pass.after_the_interval(),
    })
}

fn missing(pass: &mut Pass<'_>, reason: Reason, message: &str) -> Requeue {
    for type_ in [WORKER_READY, ACTIVE] {
        pass.find(type_, &Finding::no(reason, message));
    }
    pass.stalled(reason, message)
}
