//! Measures an integration's way to Active, from a status that was written.

use k8s_openapi::jiff::Timestamp;

use crate::{
    api::{AICIntegration, IntegrationStatus, conditions::ACTIVE},
    runtime::Milestones,
};

/// The first passing test, or the first one with another credential.
pub(super) fn measure(
    before: &AICIntegration,
    after: &IntegrationStatus,
    now: Timestamp,
    milestones: &Milestones,
) {
    let status = before.status.as_ref();
    let proved = status.and_then(|status| status.credential_id.as_ref());
    if after.credential_id.as_ref() == proved {
        return;
    }
    let since = |time: Timestamp| now.duration_since(time).try_into().unwrap_or_default();
    if proved.is_none() {
        if let Some(created) = &before.metadata.creation_timestamp {
            milestones.became_active(since(created.0));
        }
        return;
    }
    // Active is False from the discovery of the new credential.
    let active = status.and_then(|status| status.conditions.get(ACTIVE));
    if let Some(waited) = active.filter(|active| active.status != "True") {
        milestones.rotated(since(waited.last_transition_time.0));
    }
}
