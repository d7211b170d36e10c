//! Worker service, worker and mapping of a mutable environment: observe → decide → apply → settle.
//!
//! The operator writes the worker's label and nothing else, because a promotion would copy everything else.

mod decide;
mod observe;
pub(super) mod record;
mod service;

use self::{
    decide::{Plan, decide},
    observe::{Observation, observe},
    record::{settle, worker_status},
    service::enable_service,
};

use super::{
    dereference::Inputs,
    lock::{check_unlocked, is_not_done, written},
    pass::Pass,
};
use crate::{aic::Worker, api::Origin, controller::engine::requeue::Flow};

/// Creates or corrects worker and mapping.
pub(super) async fn ensure(pass: &mut Pass<'_>, inputs: &Inputs) -> Flow<()> {
    enable_service(pass, inputs).await?;
    let observed = observe(pass, inputs).await?;
    let plan = decide(pass, inputs, &observed)?;
    // Before this object has mapped it: then a former object of this name has made both.
    let label_was_ours = pass.status.mapping.is_none()
        && observed
            .mapping
            .as_ref()
            .is_some_and(|mapping| mapping.leads_to(&inputs.esv));
    apply(pass, inputs, observed, &plan).await?;
    settle(pass, inputs, (plan.worker, plan.mapping), label_was_ours);
    Ok(())
}

/// Records the intent before anything is created, so that a crash does not lose the owner.
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
    let before = pass.status.worker.clone();
    if plan.worker.is_some() && pass.status.worker.is_none() {
        pass.status.worker = Some(worker_status(inputs, Some(Origin::Making)));
        pass.record().await?;
    }
    if plan.worker.is_some() {
        let wanted = Worker::with_credential(observed.worker, &observed.attribute, label);
        let result = tenant.put_worker(*realm, name, wanted).await;
        if is_not_done(&result) {
            // A worker that appears now is somebody else's.
            pass.status.worker = before;
        }
        pass.has_repaired = true;
        written(pass, tenant, result).await?;
        pass.status.worker = Some(worker_status(inputs, plan.worker));
    }
    if plan.mapping.is_some() {
        pass.has_repaired = true;
        let result = tenant.put_mapping(*realm, label, esv).await;
        written(pass, tenant, result).await?;
    }
    Ok(())
}
