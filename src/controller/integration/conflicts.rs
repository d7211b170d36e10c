//! Other objects that claim the same ESV, worker or label, and other Helm releases with integrations of the same
//! tenant.

use std::time::Duration;

use kube::ResourceExt;

use super::pass::Pass;
use crate::{
    api::{
        AICIntegration, Reason,
        conditions::{ACTIVE, Conclusion, ESV_READY, Finding, SECRET_MAPPED, WORKER_READY},
    },
    controller::{
        engine::{
            requeue::{Flow, Requeue, When},
            stores::age,
        },
        tenant::names::{Claimed, Names},
    },
};

/// How soon the operator checks again which release a tenant belongs to.
const LOOK_ELSEWHERE_AGAIN: Duration = Duration::from_mins(1);

/// The object that keeps something that this one claims, too, by namespace and name, and what that is.
pub(super) fn keeper(pass: &Pass<'_>, names: &Names) -> Option<(String, Claimed)> {
    let claimed = |other: &AICIntegration| names.kept_by(&pass.object, other);
    let keeper = pass.fleet.find(|other| claimed(other).is_some())?;
    let claimed = claimed(&keeper)?;
    let namespace = keeper.namespace().unwrap_or_default();
    Some((format!("{namespace}/{}", keeper.name_any()), claimed))
}

/// Ends the reconciliation if another object keeps the ESV, the worker or the label.
pub(super) fn check_claims(pass: &mut Pass<'_>, names: &Names) -> Flow<()> {
    let Some((keeper, claimed)) = keeper(pass, names) else {
        return Ok(());
    };
    let (type_, reason, what) = match claimed {
        Claimed::Esv => (ESV_READY, Reason::EsvNotOwned, format!("ESV {}", names.esv)),
        Claimed::Worker => {
            let what = format!("worker {} in realm {}", names.worker, names.realm.as_str());
            (WORKER_READY, Reason::WorkerNotOwned, what)
        }
        Claimed::Label => {
            let what = format!("label {} in realm {}", names.label, names.realm.as_str());
            (SECRET_MAPPED, Reason::LabelNotOwned, what)
        }
    };
    let message = format!(
        "{what} belongs to AICIntegration {keeper}, which has it or is older: delete one of the two, or create this one again with another name and label"
    );
    for type_ in [type_, ACTIVE] {
        pass.find(type_, &Finding::no(reason, &message));
    }
    Err(pass.stalled(reason, message))
}

/// Ends the reconciliation if the tenant belongs to another Helm release, which is the one with its oldest
/// integration. Releases share no rate limits, locks or claims.
pub(super) async fn check_installation(pass: &mut Pass<'_>) -> Flow<()> {
    let url = &pass.object.spec.tenant.url;
    let elsewhere = pass
        .context
        .shard
        .elsewhere::<AICIntegration>(&pass.context.cluster.client, format!("spec.tenant.url={url}"))
        .await;
    let elsewhere = match elsewhere {
        Ok(elsewhere) => elsewhere,
        Err(error) => return Err(unasked("integrations of this tenant", &error)),
    };
    let Some(oldest) = elsewhere.iter().min_by(|one, other| age(one).cmp(&age(other))) else {
        return Ok(());
    };
    let is_older = |ours: &AICIntegration| ours.spec.tenant.url == *url && age(&ours.metadata) < age(oldest);
    if is_older(&pass.object) || pass.fleet.find(is_older).is_some() {
        return Ok(());
    }
    let message = format!(
        "tenant {url} has the older AICIntegration {}/{}, which is not among the objects of this Helm release. Give all integrations of the tenant the labels of one --selector",
        oldest.namespace.as_deref().unwrap_or_default(),
        oldest.name.as_deref().unwrap_or_default()
    );
    pass.find(
        ACTIVE,
        &Finding::no(Reason::TenantOfAnotherInstallation, &message),
    );
    Err(Requeue {
        conclusion: Conclusion::Stalled(Reason::TenantOfAnotherInstallation, message),
        // Objects of other releases are not watched.
        when: When::Poll(LOOK_ELSEWHERE_AGAIN),
    })
}

/// The API server did not return the objects of other releases.
pub(super) fn unasked(what: &str, error: &dyn std::fmt::Display) -> Requeue {
    let message = format!(
        "failed to look for {what} of other Helm releases (are the CRDs of this version applied?): {error}"
    );
    Requeue {
        conclusion: Conclusion::InProgress(Reason::NotReached, message),
        when: When::Retry(None),
    }
}
