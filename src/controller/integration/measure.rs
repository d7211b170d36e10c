//! What a status that stands tells of an integration's way to Active.

use k8s_openapi::jiff::Timestamp;

use crate::{
    api::{AICIntegration, IntegrationStatus, conditions::ACTIVE},
    runtime::Milestones,
};

/// The first proof, or the proof of another credential than before.
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
    // Active is False from when the new credential is found.
    let active = status.and_then(|status| status.conditions.get(ACTIVE));
    if let Some(waited) = active.filter(|active| active.status != "True") {
        milestones.rotated(since(waited.last_transition_time.0));
    }
}
