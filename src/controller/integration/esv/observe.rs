//! Reads what the decision about the ESV needs. Writes nothing.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;

use crate::{
    aic::{ConnectionTest, Esv, OwnerMark, Version},
    controller::{
        engine::requeue::Flow,
        integration::{
            dereference::Inputs,
            lock,
            pass::Pass,
            usage::{self, Label},
        },
        tenant::ownership::{Claimant, EsvOwner, needs_date, of_esv},
    },
};

/// How long a tenant may use the value before. The ESV store's default expiry is 600 s; one minute is for clock and
/// network.
pub(in super::super) const LONGEST_CACHE: Duration = Duration::from_mins(11);

/// What the tenant shows of an existing ESV.
pub(super) struct Observation {
    pub(super) esv: Esv,
    /// The newest enabled version, if its date is needed.
    pub(super) newest: Option<Version>,
    /// The result of the connection test, if only that can tell whose the ESV is, or what it is for.
    pub(super) tested: Option<Tested>,
    /// The labels that are mapped to it, if it may be adopted.
    pub(super) labels: Vec<Label>,
    /// Whether the test has read the newest version of this ESV, and neither another ESV nor a value from before.
    pub(super) is_read_by_test: bool,
}

/// What the connection test says about the ESV's content.
#[derive(Debug, PartialEq)]
pub(super) enum Tested {
    /// It has the credential with this id.
    Credential(String),
    /// No credential can be read in it.
    NoCredential,
    /// There is no worker to test.
    NoWorker,
}

/// `None`: there is no such ESV.
pub(super) async fn observe(pass: &mut Pass<'_>, inputs: &Inputs) -> Flow<Option<Observation>> {
    let tenant = &inputs.tenant;
    let Some(esv) = look(pass, inputs).await? else {
        return Ok(None);
    };
    let mut observed = Observation {
        esv,
        newest: None,
        tested: None,
        labels: Vec::new(),
        is_read_by_test: false,
    };
    let memory = pass.status.esv.clone().unwrap_or_default();
    if needs_date(&memory, &observed.esv) {
        let versions = lock::esv(pass, tenant, || tenant.esv_versions(&inputs.esv)).await?;
        let is_newest = |version: &Version| version.version == observed.esv.active_version;
        observed.newest = versions.into_iter().find(is_newest);
    }
    let (name, uid) = (pass.owner(), pass.uid());
    let claimant = Claimant {
        name: &name,
        uid: &uid,
    };
    let mark = OwnerMark::read(&observed.esv.description);
    match of_esv(&claimant, &memory, mark, Some(&inputs.credential.id)) {
        EsvOwner::Unproved(_) => observed.tested = Some(test(pass, inputs).await?),
        EsvOwner::APersons if pass.object.spec.adopt => {
            observed.labels = pass.tried(usage::labels(tenant, &inputs.esv).await)?;
            let own = Label::of(inputs.realm, &inputs.label);
            if observed.labels.contains(&own) {
                observed.tested = Some(test(pass, inputs).await?);
                observed.is_read_by_test =
                    is_unchanged(&observed.esv, tenant.time()) && worker_uses_label(pass, inputs).await?;
            }
        }
        _ => {}
    }
    Ok(Some(observed))
}

/// The worker may use another label, which leads to another ESV.
async fn worker_uses_label(pass: &Pass<'_>, inputs: &Inputs) -> Flow<bool> {
    let (tenant, realm) = (&inputs.tenant, inputs.realm);
    let attribute = pass.tried(tenant.label_attribute(realm).await)?;
    let worker = pass.tried(tenant.worker(realm, &inputs.name).await)?;
    let label = worker.as_ref().zip(attribute.as_ref());
    let label = label.and_then(|(worker, attribute)| worker.label(attribute));
    Ok(label == Some(inputs.label.as_str()))
}

/// Whether nothing of an ESV has changed for longer than the tenant keeps a value.
fn is_unchanged(esv: &Esv, now: Timestamp) -> bool {
    let changed = esv
        .last_change_date
        .as_ref()
        .and_then(|date| date.parse::<Timestamp>().ok());
    changed.is_some_and(|changed| now.duration_since(changed) > LONGEST_CACHE.try_into().unwrap_or_default())
}

pub(super) async fn look(pass: &mut Pass<'_>, inputs: &Inputs) -> Flow<Option<Esv>> {
    lock::esv(pass, &inputs.tenant, || inputs.tenant.esv(&inputs.esv)).await
}

async fn test(pass: &Pass<'_>, inputs: &Inputs) -> Flow<Tested> {
    let secrets = inputs.credential.secrets();
    let tested = inputs
        .tenant
        .test_connection(inputs.realm, &inputs.name, secrets)
        .await;
    Ok(match pass.tried(tested)? {
        ConnectionTest::Passed { credential_id, .. }
        | ConnectionTest::Failed {
            credential_id: Some(credential_id),
            ..
        } => Tested::Credential(credential_id),
        ConnectionTest::Failed { .. } => Tested::NoCredential,
        ConnectionTest::NoWorker => Tested::NoWorker,
    })
}
