//! The proof: the tenant's own test of every integration of the stage, by the Promotion itself.

use kube::ResourceExt;

use super::{
    super::connection::vouched,
    group::{Member, name_of},
    run::Run,
};
use crate::aic::{Error, Proof, Tenant};

/// What is known of a stage's integrations.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// What is not Active yet, for whatever passes by itself.
    pub(super) waits: Vec<String>,
    /// What is at fault in the configuration that a promotion carries.
    pub(super) faults: Vec<String>,
}

impl Verdict {
    /// Whether every integration is Active.
    pub(super) fn is_active(&self) -> bool {
        self.waits.is_empty() && self.faults.is_empty()
    }

    /// All that is not as it should be.
    pub(super) fn message(&self) -> String {
        let all: Vec<_> = self.faults.iter().chain(&self.waits).cloned().collect();
        all.join("; ")
    }
}

/// Tests every integration of a stage.
pub(super) async fn verify(run: &Run<'_>, tenant: &Tenant, members: &[Member]) -> Verdict {
    let mut verdict = Verdict::default();
    for member in members {
        match test(run, tenant, member).await {
            Ok(Found::Active) => {}
            Ok(Found::Waits(what)) => verdict.waits.push(format!("{}: {what}", name_of(member))),
            Ok(Found::Fault(what)) => verdict.faults.push(format!("{}: {what}", name_of(member))),
            // An outage proves nothing.
            Err(error) => verdict.waits.push(format!("{}: {error}", name_of(member))),
        }
    }
    verdict
}

enum Found {
    Active,
    Waits(String),
    Fault(String),
}

async fn test(run: &Run<'_>, tenant: &Tenant, member: &Member) -> Result<Found, Error> {
    let connection = match run.connection(member) {
        Ok(connection) => connection,
        Err(missing) => return Ok(Found::Waits(missing)),
    };
    let credential = match vouched(run.context, &connection).await {
        Ok(Some((credential, _))) => credential,
        Ok(None) => {
            let name = connection.name_any();
            return Ok(Found::Waits(format!(
                "PingOneConnection {name} does not vouch for a credential"
            )));
        }
        Err(error) => return Ok(Found::Waits(error.to_string())),
    };
    let names = &member.names;
    let proof = tenant
        .test_connection(names.realm, &names.worker, credential.secrets())
        .await?;
    match proof {
        Proof::Passed { credential_id } if credential_id == credential.id => Ok(Found::Active),
        Proof::Passed { credential_id } => Ok(Found::Waits(format!(
            "the tenant still works with credential {credential_id}"
        ))),
        Proof::NoWorker => Ok(Found::Fault(format!("worker {} is missing", names.worker))),
        Proof::Failed { message, .. } => Ok(match fault(tenant, member).await? {
            Some(fault) => Found::Fault(fault),
            None => Found::Waits(format!("the tenant's test failed: {message}")),
        }),
    }
}

/// What in the promoted configuration makes a test fail: a definite fault is seen, not concluded from a message.
async fn fault(tenant: &Tenant, member: &Member) -> Result<Option<String>, Error> {
    let names = &member.names;
    let Some(worker) = tenant.worker(names.realm, &names.worker).await? else {
        return Ok(Some(format!("worker {} is missing", names.worker)));
    };
    if let Some(attribute) = tenant.label_attribute(names.realm).await? {
        let label = worker.label(&attribute);
        if label != Some(names.label.as_str()) || !worker.uses_credential() {
            return Ok(Some(format!(
                "worker {} does not use the credential label {}",
                names.worker, names.label
            )));
        }
    }
    match tenant.mapping(names.realm, &names.label).await? {
        Some(mapping) if mapping.leads_to(&names.esv) => Ok(None),
        Some(_) => Ok(Some(format!(
            "the label {} is mapped to another ESV than {}",
            names.label, names.esv
        ))),
        None => Ok(Some(format!(
            "the label {} is not mapped to {}",
            names.label, names.esv
        ))),
    }
}
