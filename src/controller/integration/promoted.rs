//! Worker and mapping of an immutable environment. A promotion brings them; the operator only reads them.

use super::{
    dereference::Inputs,
    pass::Pass,
    worker::record::{missing, worker_status},
};
use crate::{
    api::{
        Reason,
        conditions::{ACTIVE, Conclusion, Finding, SECRET_MAPPED, WORKER_READY},
    },
    controller::{
        engine::requeue::{Flow, Requeue},
        tenant::promoted::{Promoted, of_worker},
    },
};

/// Checks for what a promotion brings. Its absence is a failure only if it existed before.
pub(super) async fn await_promotion(pass: &mut Pass<'_>, inputs: &Inputs) -> Flow<()> {
    if let Some(worker) = pass.tried(inputs.tenant.worker(inputs.realm, &inputs.name).await)? {
        let attribute = pass.tried(inputs.tenant.label_attribute(inputs.realm).await)?;
        let names = (&inputs.name, &inputs.label);
        if let Promoted::Wrong(what) = of_worker(&worker, attribute.as_ref(), names) {
            let message = format!(
                "{what}: the worker came with a promotion, so correct it in the environment below and promote it"
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
