//! What the status remembers of worker, mapping and service, and their conditions. No I/O.

use crate::{
    api::{
        Origin, OriginStatus, Reason, WorkerStatus,
        conditions::{ACTIVE, Finding, SECRET_MAPPED, WORKER_READY},
    },
    controller::{
        engine::requeue::Requeue,
        integration::{dereference::Inputs, pass::Pass},
    },
};

/// Remembers what is there, and how it came to be this object's: a label that leads to this object's ESV is its own.
pub(super) fn settle(
    pass: &mut Pass<'_>,
    inputs: &Inputs,
    (worker, mapping): (Option<Origin>, Option<Origin>),
    label_was_ours: bool,
) {
    // What led to the ESV before this object had it came with it: a person made all of it, or a former object of
    // this name.
    let came_with_esv = match pass.status.esv.as_ref().and_then(|esv| esv.origin) {
        Some(Origin::Adopted) => Origin::Adopted,
        _ => Origin::TakenOver,
    };
    let origin = match pass.status.worker.as_ref().and_then(|worker| worker.origin) {
        // Recorded before it was made, and it is there.
        Some(Origin::Making) => Some(Origin::Made),
        // The operator only uses any other worker.
        None => label_was_ours.then_some(came_with_esv),
        remembered => remembered,
    };
    let remembered = pass.status.mapping.as_ref().map(|mapping| mapping.origin);
    pass.status.worker = Some(worker_status(inputs, worker.or(origin)));
    pass.status.mapping = made(mapping.or(remembered).unwrap_or(came_with_esv));
    let message = format!(
        "worker {} uses the credential label {}",
        inputs.name, inputs.label
    );
    pass.find(WORKER_READY, &Finding::yes(Reason::WorkerConfigured, message));
    let message = format!("the worker's label is mapped to {}", inputs.esv);
    pass.find(SECRET_MAPPED, &Finding::yes(Reason::LabelMapped, message));
}

pub(in super::super) fn worker_status(inputs: &Inputs, origin: Option<Origin>) -> WorkerStatus {
    WorkerStatus {
        name: inputs.name.to_string(),
        label: inputs.label.to_string(),
        origin,
    }
}

/// The memory of something that is there.
#[allow(clippy::unnecessary_wraps, reason = "it is a field of a status")]
pub(super) fn made(origin: Origin) -> Option<OriginStatus> {
    Some(OriginStatus { origin })
}

pub(in super::super) fn missing(pass: &mut Pass<'_>, reason: Reason, message: &str) -> Requeue {
    for type_ in [WORKER_READY, ACTIVE] {
        pass.find(type_, &Finding::no(reason, message));
    }
    pass.stalled(reason, message)
}
