//! Reads the worker and its label. Writes nothing.

use super::record::missing;
use crate::{
    aic::{EsvId, LabelAttribute, Mapping, OwnerMark, Worker},
    api::Reason,
    controller::{
        engine::requeue::Flow,
        integration::{dereference::Inputs, lock, pass::Pass},
    },
};

/// What the tenant shows of the worker and of its label.
pub(super) struct Observation {
    pub(super) attribute: LabelAttribute,
    pub(super) worker: Option<Worker>,
    pub(super) mapping: Option<Mapping>,
    /// Whose mark the ESV bears that the worker's own label leads to, where that is another label than this object's.
    pub(super) used_by: Option<OwnerMark>,
    /// Whose mark the ESV bears that the label leads to, where that is another ESV than this object's.
    pub(super) mapped_to: Option<OwnerMark>,
}

pub(super) async fn observe(pass: &mut Pass<'_>, inputs: &Inputs) -> Flow<Observation> {
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
        Some(mapping) if !mapping.leads_to(&inputs.esv) => mark_of(pass, inputs, mapping).await?,
        _ => None,
    };
    let other_label = worker
        .as_ref()
        .and_then(|worker| worker.label(&attribute))
        .filter(|label| *label != inputs.label.as_str())
        .and_then(|label| label.parse().ok());
    let used_by = match other_label {
        Some(label) => match pass.tried(tenant.mapping(realm, &label).await)? {
            Some(mapping) if !mapping.leads_to(&inputs.esv) => mark_of(pass, inputs, &mapping).await?,
            _ => None,
        },
        None => None,
    };
    Ok(Observation {
        attribute,
        worker,
        mapping,
        used_by,
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
