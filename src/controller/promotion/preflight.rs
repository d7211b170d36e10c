//! Everything that can be found without the lock, said all at once.

use kube::ResourceExt;

use super::{
    group::{Member, name_of},
    run::Run,
};
use crate::{
    aic::{Error, Tenant},
    api::{
        Active, Reason,
        conditions::{ESV_READY, READY},
    },
};

/// What is in the way of promoting from the lower stage to the upper one.
pub(super) async fn faults(
    run: &Run<'_>,
    tenant: &Tenant,
    lower: &[Member],
    upper: &[Member],
) -> Result<Vec<String>, Error> {
    let mut faults: Vec<_> = lower
        .iter()
        .chain(upper)
        .filter_map(|member| refused(run, member))
        .collect();
    for member in upper {
        faults.extend(missing_esv(tenant, member).await?);
    }
    Ok(faults)
}

/// A connection that PingOne refuses.
fn refused(run: &Run<'_>, member: &Member) -> Option<String> {
    let connection = match run.connection(member) {
        Ok(connection) => connection,
        Err(missing) => return Some(format!("AICIntegration {}: {missing}", name_of(member))),
    };
    let ready = member
        .integration
        .status
        .as_ref()
        .and_then(|status| status.conditions.get(READY));
    if ready.is_some_and(|ready| ready.reason == Reason::TenantOfAnotherInstallation.as_str()) {
        return Some(format!("AICIntegration {}: {}", name_of(member), ready?.message));
    }
    let status = connection.status.as_ref()?;
    (status.conditions.active() == Active::False).then(|| {
        let name = connection.name_any();
        format!("PingOneConnection {name} is not Active: its own conditions say why")
    })
}

/// An ESV that is missing above, or is not the integration's own.
async fn missing_esv(tenant: &Tenant, member: &Member) -> Result<Option<String>, Error> {
    let (name, esv) = (name_of(member), &member.names.esv);
    if tenant.esv(esv).await?.is_none() {
        return Ok(Some(format!(
            "ESV {esv} is not there yet: AICIntegration {name} creates it, and says what it waits for"
        )));
    }
    let status = member.integration.status.as_ref();
    let is_ours = status.is_some_and(|status| status.conditions.is_true(ESV_READY));
    Ok((!is_ours)
        .then(|| format!("ESV {esv} is not known to be AICIntegration {name}'s own: its conditions say why")))
}
