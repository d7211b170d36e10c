//! Worker service, worker and mapping: written where the environment is mutable, looked for where it is not.
//!
//! A worker gets its credential's label and nothing else: a promotion would carry everything else up.

use super::{
    dereference::Inputs,
    lock::{self, check_unlocked, written},
    ownership::{Owner, of_mapping, of_service, of_worker},
    pass::Pass,
};
use crate::{
    aic::{EsvId, LabelAttribute, Mapping, OwnerMark, Service, Worker},
    api::{
        Origin, OriginStatus, Reason, WorkerStatus,
        conditions::{ACTIVE, Conclusion, Finding, SECRET_MAPPED, WORKER_READY},
    },
    controller::engine::requeue::{Flow, Requeue},
};

/// What the tenant shows of the worker and of its label.
struct Observation {
    attribute: LabelAttribute,
    worker: Option<Worker>,
    mapping: Option<Mapping>,
    /// Whose mark the ESV bears that the label leads to, where the label would be adopted.
    mapped_to: Option<OwnerMark>,
}

/// What has to be written, and how it comes to be this object's.
#[derive(Default)]
struct Plan {
    worker: Option<Origin>,
    mapping: Option<Origin>,
}

/// Sees to it that the worker and its mapping are as they should be.
pub(super) async fn ensure(pass: &mut Pass<'_>, inputs: &Inputs) -> Flow<()> {
    enable_service(pass, inputs).await?;
    let observed = observe(pass, inputs).await?;
    let plan = decide(pass, inputs, &observed)?;
    let label_was_ours = observed
        .mapping
        .as_ref()
        .is_some_and(|mapping| mapping.leads_to(&inputs.esv));
    apply(pass, inputs, observed, &plan).await?;
    settle(pass, inputs, &plan, label_was_ours);
    Ok(())
}

async fn enable_service(pass: &mut Pass<'_>, inputs: &Inputs) -> Flow<()> {
    let service = pass.tried(inputs.tenant.worker_service(inputs.realm).await)?;
    let memory = pass.status.service.as_ref().map(|service| service.origin);
    let origin = match of_service(service.as_ref(), memory) {
        Owner::Good if memory == Some(Origin::Making) => {
            pass.status.service = made(Origin::Made);
            return Ok(());
        }
        Owner::Good => return Ok(()),
        Owner::Drifted(what) => {
            pass.drifted(ACTIVE, &what)?;
            memory.unwrap_or(Origin::Made)
        }
        Owner::Nobodys => Origin::Made,
        // Once: an object that has its worker adopts nothing more.
        Owner::Anothers(_)
            if pass.object.spec.adopt
                && pass.status.worker.is_none()
                && matches!(memory, None | Some(Origin::Making)) =>
        {
            Origin::Adopted
        }
        Owner::Anothers(what) => {
            let message = format!(
                "the PingOne worker service of realm {} {what}: enable it in the tenant's console, or set spec.adopt to true on an object that is new",
                inputs.realm.as_str()
            );
            return Err(missing(pass, Reason::WorkerServiceDisabled, &message));
        }
    };
    check_unlocked(pass, &inputs.tenant).await?;
    if memory.is_none() {
        pass.status.service = made(Origin::Making);
        pass.record().await?;
    }
    let service = Service::enabled(service);
    let result = inputs.tenant.put_worker_service(inputs.realm, service).await;
    written(pass, &inputs.tenant, result).await?;
    pass.status.service = made(origin);
    Ok(())
}

async fn observe(pass: &mut Pass<'_>, inputs: &Inputs) -> Flow<Observation> {
    let (tenant, realm) = (&inputs.tenant, inputs.realm);
    let mut attribute = label_attribute(pass, inputs).await?;
    let worker = pass.tried(tenant.worker(realm, &inputs.name).await)?;
    let differs = |worker: &Worker| worker.label(&attribute) != Some(inputs.label.as_str());
    if worker.as_ref().is_some_and(differs) {
        tenant.forget_label_attribute();
        attribute = label_attribute(pass, inputs).await?;
    }
    let mapping = pass.tried(tenant.mapping(realm, &inputs.label).await)?;
    let mapped_to = match &mapping {
        Some(mapping) if pass.object.spec.adopt && !mapping.leads_to(&inputs.esv) => {
            mark_of(pass, inputs, mapping).await?
        }
        _ => None,
    };
    Ok(Observation {
        attribute,
        worker,
        mapping,
        mapped_to,
    })
}

async fn label_attribute(pass: &mut Pass<'_>, inputs: &Inputs) -> Flow<LabelAttribute> {
    if let Some(attribute) = pass.tried(inputs.tenant.label_attribute(inputs.realm).await)? {
        return Ok(attribute);
    }
    let message = "this tenant's PingOne workers have no Credential Secret Label Identifier: product connections are not there yet. They come to the rapid channel first";
    Err(missing(pass, Reason::ProductConnectionsNotSupported, message))
}

/// The mark of the ESV that a label leads to.
async fn mark_of(pass: &mut Pass<'_>, inputs: &Inputs, mapping: &Mapping) -> Flow<Option<OwnerMark>> {
    for alias in &mapping.aliases {
        let Ok(id) = alias.parse::<EsvId>() else {
            continue;
        };
        let tenant = &inputs.tenant;
        let esv = lock::esv(pass, tenant, || tenant.esv(&id)).await?;
        if let Some(mark) = esv.and_then(|esv| OwnerMark::read(&esv.description)) {
            return Ok(Some(mark));
        }
    }
    Ok(None)
}

/// Both are decided before either is written: no worker is made for a label that is another's.
fn decide(pass: &mut Pass<'_>, inputs: &Inputs, observed: &Observation) -> Flow<Plan> {
    let Observation {
        attribute,
        worker,
        mapping,
        mapped_to,
    } = observed;
    let adopts = pass.object.spec.adopt;
    let remembered = pass.status.worker.as_ref().and_then(|worker| worker.origin);
    let mut plan = Plan::default();
    match of_worker(worker.as_ref(), attribute, inputs.label.as_str(), remembered) {
        Owner::Good => {}
        Owner::Nobodys => plan.worker = Some(Origin::Made),
        Owner::Drifted(what) => {
            pass.drifted(ACTIVE, &what)?;
            // One that is gone is made by the operator now.
            plan.worker = remembered.filter(|_| worker.is_some()).or(Some(Origin::Made));
        }
        // Once: from then on the object remembers its worker.
        Owner::Anothers(_) if adopts => plan.worker = Some(Origin::Adopted),
        Owner::Anothers(what) => {
            pass.status.worker = None;
            let message = format!(
                "worker {} exists in realm {} and {what}: remove it in the tenant's console, set spec.adopt to true to take it over, or create an AICIntegration of another spec.name",
                inputs.name,
                inputs.realm.as_str()
            );
            return Err(missing(pass, Reason::WorkerNotOwned, &message));
        }
    }
    let memory = remembered_mapping(pass);
    match of_mapping(mapping.as_ref(), &inputs.esv, memory) {
        Owner::Good => {}
        Owner::Nobodys => plan.mapping = Some(Origin::Made),
        Owner::Drifted(what) => {
            pass.drifted(ACTIVE, &what)?;
            plan.mapping = Some(memory.unwrap_or(Origin::Made));
        }
        Owner::Anothers(_) if adopts && mapped_to.is_none() => plan.mapping = Some(Origin::Adopted),
        Owner::Anothers(what) => {
            let whose = mapped_to.as_ref().map_or(String::new(), |mark| {
                format!(" of AICIntegration {} ({})", mark.owner, mark.uid)
            });
            let message = format!(
                "the label {} {what}{whose}, which is not this object's ESV: remove that mapping in the tenant's console, set spec.adopt to true to take the label over, or create an AICIntegration of another spec.secretLabelIdentifier",
                inputs.label
            );
            pass.find(SECRET_MAPPED, &Finding::no(Reason::LabelNotOwned, &message));
            return Err(missing(pass, Reason::LabelNotOwned, &message));
        }
    }
    Ok(plan)
}

/// How the mapping came to be this object's. A status of an earlier version has only the condition.
fn remembered_mapping(pass: &Pass<'_>) -> Option<Origin> {
    let was_seen = pass.status.conditions.is_true(SECRET_MAPPED);
    let memory = pass.status.mapping.as_ref().map(|mapping| mapping.origin);
    memory.or(was_seen.then_some(Origin::TakenOver))
}

/// The intent is recorded before anything is made: a crash must not lose whose it is.
async fn apply(pass: &mut Pass<'_>, inputs: &Inputs, observed: Observation, plan: &Plan) -> Flow<()> {
    if plan.worker.is_none() && plan.mapping.is_none() {
        return Ok(());
    }
    check_unlocked(pass, &inputs.tenant).await?;
    let Inputs {
        tenant,
        realm,
        name,
        label,
        esv,
        ..
    } = inputs;
    if plan.worker.is_some() && pass.status.worker.is_none() {
        pass.status.worker = Some(worker_status(inputs, Some(Origin::Making)));
        pass.record().await?;
    }
    if plan.worker.is_some() {
        let wanted = Worker::with_credential(observed.worker, &observed.attribute, label);
        let result = tenant.put_worker(*realm, name, wanted).await;
        written(pass, tenant, result).await?;
        pass.status.worker = Some(worker_status(inputs, plan.worker));
    }
    if plan.mapping.is_some() {
        let result = tenant.put_mapping(*realm, label, esv).await;
        written(pass, tenant, result).await?;
    }
    Ok(())
}

/// Remembers what is there, and how it came to be this object's: a label that leads to this object's ESV is its own.
fn settle(pass: &mut Pass<'_>, inputs: &Inputs, plan: &Plan, label_was_ours: bool) {
    let origin = match pass.status.worker.as_ref().and_then(|worker| worker.origin) {
        // Recorded before it was made, and it is there.
        Some(Origin::Making) => Some(Origin::Made),
        // A former object of this name made it. Any other one is only used.
        None => label_was_ours.then_some(Origin::TakenOver),
        remembered => remembered,
    };
    let remembered = pass.status.mapping.as_ref().map(|mapping| mapping.origin);
    pass.status.worker = Some(worker_status(inputs, plan.worker.or(origin)));
    pass.status.mapping = made(plan.mapping.or(remembered).unwrap_or(Origin::TakenOver));
    let message = format!(
        "worker {} uses the credential label {}",
        inputs.name, inputs.label
    );
    pass.find(WORKER_READY, &Finding::yes(Reason::WorkerConfigured, message));
    let message = format!("the worker's label is mapped to {}", inputs.esv);
    pass.find(SECRET_MAPPED, &Finding::yes(Reason::LabelMapped, message));
}

fn worker_status(inputs: &Inputs, origin: Option<Origin>) -> WorkerStatus {
    WorkerStatus {
        name: inputs.name.to_string(),
        label: inputs.label.to_string(),
        origin,
    }
}

/// The memory of something that is there.
#[allow(clippy::unnecessary_wraps, reason = "it is a field of a status")]
fn made(origin: Origin) -> Option<OriginStatus> {
    Some(OriginStatus { origin })
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
        pass.status.worker = Some(worker_status(inputs, None));
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
