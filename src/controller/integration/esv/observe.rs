//! What the tenant shows of the ESV, as far as it decides anything. I/O, and nothing is written.

use std::time::Duration;

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

/// How long a tenant may go on with the value before: the ESV store's default expiry is 600 s; one minute is for
/// the clock and the way.
pub(in super::super) const LONGEST_CACHE: Duration = Duration::from_mins(11);

/// What the tenant shows of an ESV that exists.
pub(super) struct Observation {
    pub(super) esv: Esv,
    /// The newest version that is enabled, where its date is needed.
    pub(super) newest: Option<Version>,
    /// What the tenant's test says, where only that can tell whose the ESV is, or what it is for.
    pub(super) tested: Option<Tested>,
    /// The labels that are mapped to it, where it might be adopted.
    pub(super) labels: Vec<Label>,
}

/// What the tenant's own test says of the ESV's content.
#[derive(Debug, PartialEq)]
pub(super) enum Tested {
    /// It holds the credential of this id.
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
            if observed.esv.use_in_placeholders && observed.labels.contains(&own) {
                observed.tested = Some(test(pass, inputs).await?);
            }
        }
        _ => {}
    }
    Ok(Some(observed))
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
        ConnectionTest::Passed { credential_id }
        | ConnectionTest::Failed {
            credential_id: Some(credential_id),
            ..
        } => Tested::Credential(credential_id),
        ConnectionTest::Failed { .. } => Tested::NoCredential,
        ConnectionTest::NoWorker => Tested::NoWorker,
    })
}
