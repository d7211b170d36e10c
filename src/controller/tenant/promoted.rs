//! Whether a promotion has brought the right worker and mapping. Integrations of immutable environments use it, and a
//! Promotion's verification. No I/O.

use crate::aic::{EsvId, IntegrationName, LabelAttribute, LabelIdentifier, Mapping, Worker};

/// What successful answers show.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Promoted {
    Right,
    Wrong(String),
    /// They prove nothing.
    NotShown,
}

/// A worker that is there. `attribute` is `None` where the tenant's schema has no such attribute.
pub(crate) fn of_worker(
    worker: &Worker,
    attribute: Option<&LabelAttribute>,
    (name, label): (&IntegrationName, &LabelIdentifier),
) -> Promoted {
    if !worker.uses_credential() {
        return Promoted::Wrong(format!("useCredential of worker {name} is false"));
    }
    let Some(attribute) = attribute else {
        return Promoted::NotShown;
    };
    match worker.label(attribute) {
        Some(used) if used == label.as_str() => Promoted::Right,
        _ if !attribute.is_known() => Promoted::NotShown,
        Some(used) => Promoted::Wrong(format!(
            "worker {name} uses the credential label {used}, not {label}"
        )),
        None => Promoted::Wrong(format!("worker {name} uses no credential label, not {label}")),
    }
}

/// Checks the label's mapping, as it was read or listed.
pub(crate) fn of_mapping(mapping: Option<&Mapping>, label: &LabelIdentifier, esv: &EsvId) -> Promoted {
    match mapping {
        Some(mapping) if mapping.secret_label != label.secret_label() => Promoted::NotShown,
        Some(mapping) if mapping.leads_to(esv) => Promoted::Right,
        Some(mapping) => Promoted::Wrong(format!(
            "the label {label} is mapped to {}, not to {esv}",
            mapping.aliases.join(", ")
        )),
        None => Promoted::Wrong(format!("the label {label} is not mapped to {esv}")),
    }
}
