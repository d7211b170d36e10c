//! Decides what to write, by the owner of each thing. No I/O.

use super::{observe::Observation, record::missing};
use crate::{
    aic::OwnerMark,
    api::{
        Origin, Reason,
        conditions::{ACTIVE, Finding, SECRET_MAPPED},
    },
    controller::{
        engine::requeue::Flow,
        integration::{dereference::Inputs, pass::Pass},
        tenant::ownership::{Owner, of_mapping, of_worker},
    },
};

/// What to write, and with which origin.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) worker: Option<Origin>,
    pub(super) mapping: Option<Origin>,
}

/// Decides both before either is written, so that no worker is created for somebody else's label.
pub(super) fn decide(pass: &mut Pass<'_>, inputs: &Inputs, observed: &Observation) -> Flow<Plan> {
    let Observation {
        attribute,
        worker,
        used_by,
        mapping,
        mapped_to,
    } = observed;
    let adopts = pass.object.spec.adopt;
    let remembered = pass.status.worker.as_ref().and_then(|worker| worker.origin);
    let mut plan = Plan::default();
    match of_worker(worker.as_ref(), attribute, inputs.label.as_str(), remembered) {
        Owner::Good => {}
        Owner::Nobodys => plan.worker = Some(Origin::Made),
        Owner::Drifted(what) if used_by.is_none() => {
            pass.drifted(ACTIVE, &what)?;
            // The operator creates a missing worker.
            plan.worker = remembered.filter(|_| worker.is_some()).or(Some(Origin::Made));
        }
        // Adoption happens once: after that the status has the worker.
        Owner::Anothers(_) if adopts && used_by.is_none() => plan.worker = Some(Origin::Adopted),
        Owner::Anothers(what) | Owner::Drifted(what) => {
            pass.status.worker = None;
            let whose = owner(used_by.as_ref());
            let adopt = way_to_adopt(adopts, used_by.as_ref());
            let message = format!(
                "worker {} exists in realm {} and {what}{whose}: remove it in the tenant's console,{adopt} or create an AICIntegration of another spec.name",
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
        Owner::Drifted(what) if mapped_to.is_none() => {
            pass.drifted(ACTIVE, &what)?;
            plan.mapping = Some(memory.unwrap_or(Origin::Made));
        }
        Owner::Anothers(_) if adopts && mapped_to.is_none() => plan.mapping = Some(Origin::Adopted),
        Owner::Anothers(what) | Owner::Drifted(what) => {
            let whose = owner(mapped_to.as_ref());
            let adopt = way_to_adopt(adopts, mapped_to.as_ref());
            let message = format!(
                "the label {} {what}{whose}, which is not this object's ESV: remove that mapping in the tenant's console,{adopt} or create an AICIntegration of another spec.secretLabelIdentifier",
                inputs.label
            );
            pass.find(SECRET_MAPPED, &Finding::no(Reason::LabelNotOwned, &message));
            return Err(missing(pass, Reason::LabelNotOwned, &message));
        }
    }
    Ok(plan)
}

fn owner(mark: Option<&OwnerMark>) -> String {
    mark.map_or(String::new(), |mark| {
        format!(", which is that of AICIntegration {} ({})", mark.owner, mark.uid)
    })
}

/// Another object's things are not adopted.
fn way_to_adopt(adopts: bool, mark: Option<&OwnerMark>) -> &'static str {
    if adopts || mark.is_some() {
        ""
    } else {
        " set spec.adopt to true to take it over,"
    }
}

/// How the mapping came to be this object's. A status of an earlier version has only the condition.
fn remembered_mapping(pass: &Pass<'_>) -> Option<Origin> {
    let was_seen = pass.status.conditions.is_true(SECRET_MAPPED);
    let memory = pass.status.mapping.as_ref().map(|mapping| mapping.origin);
    memory.or(was_seen.then_some(Origin::TakenOver))
}
