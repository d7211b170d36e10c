//! Tests every integration of a stage with the tenant's connection test, and checks the promoted configuration where
//! a test does not pass.

use kube::ResourceExt;

use super::{
    group::{Member, name_of},
    lock_protocol::{FAULT_STANDS, Fault},
    run::Run,
};
use crate::{
    aic::{ConnectionTest, Error, Tenant},
    controller::tenant::{
        credential::verified_credential,
        promoted::{self, Promoted},
    },
};

/// The results of a stage's tests.
#[derive(Debug, Default)]
pub(super) struct TestResults {
    /// Integrations that are not Active yet, for a reason that may pass by itself.
    pub(super) waits: Vec<String>,
    /// Wrong configuration that the promotion copied, by integration.
    pub(super) faults: Vec<(String, String)>,
    /// The integrations whose configuration is right.
    pub(super) right: Vec<String>,
}

impl TestResults {
    /// Whether every integration is Active.
    pub(super) fn is_active(&self) -> bool {
        self.waits.is_empty() && self.faults.is_empty()
    }

    /// All faults and waits in one message.
    pub(super) fn message(&self) -> String {
        let faults = self.faults.iter().map(|(name, what)| format!("{name}: {what}"));
        faults
            .chain(self.waits.iter().cloned())
            .collect::<Vec<_>>()
            .join("; ")
    }
}

/// Tests every integration of a stage.
pub(super) async fn test_stage(run: &Run<'_>, tenant: &Tenant, members: &[Member]) -> TestResults {
    let mut results = TestResults::default();
    for member in members {
        let name = name_of(member);
        match test(run, tenant, member).await {
            Ok(Found::Active) => results.right.push(name),
            Ok(Found::Waits(what)) => results.waits.push(format!("{name}: {what}")),
            Ok(Found::Fails(what)) => match configuration(tenant, member).await {
                Ok(Promoted::Wrong(fault)) => results.faults.push((name, fault)),
                Ok(Promoted::Right) => {
                    results.waits.push(format!("{name}: {what}"));
                    results.right.push(name);
                }
                Ok(Promoted::NotShown) => results.waits.push(format!("{name}: {what}")),
                Err(error) => results.waits.push(format!("{name}: {what}, and {error}")),
            },
            // An outage shows nothing.
            Err(error) => results.waits.push(format!("{name}: {error}")),
        }
    }
    results
}

/// Checks the configuration of every integration of a stage, without tests, which a lock may block. `is_whole` says
/// whether these are all of them. A fault counts only if it was shown before, long enough ago.
pub(super) async fn shown_fault(run: &Run<'_>, tenant: &Tenant, members: &[Member], is_whole: bool) -> Fault {
    let (runs, now) = (&run.context.runs, run.context.clock.instant());
    let mut is_all_shown = is_whole;
    for member in members {
        let name = name_of(member);
        match configuration(tenant, member).await {
            Ok(Promoted::Wrong(_)) => {
                let since = runs.at_fault_since(&run.uid, &name, now);
                if now.duration_since(since) >= FAULT_STANDS {
                    return Fault::Shown;
                }
                is_all_shown = false;
            }
            Ok(Promoted::Right) => runs.is_right(&run.uid, &name),
            Ok(Promoted::NotShown) => is_all_shown = false,
            Err(error) => {
                tracing::info!(integration = name, %error, "the configuration is not shown");
                is_all_shown = false;
            }
        }
    }
    if is_all_shown {
        Fault::ShownRight
    } else {
        Fault::NotShown
    }
}

enum Found {
    Active,
    Waits(String),
    /// The test does not pass. The configuration shows whether it is wrong.
    Fails(String),
}

async fn test(run: &Run<'_>, tenant: &Tenant, member: &Member) -> Result<Found, Error> {
    let connection = match run.connection(member) {
        Ok(connection) => connection,
        Err(missing) => return Ok(Found::Waits(missing)),
    };
    let credential = match verified_credential(run.context, &connection).await {
        Ok(Some((credential, _))) => credential,
        Ok(None) => {
            let name = connection.name_any();
            return Ok(Found::Waits(format!(
                "PingOneConnection {name} has not verified its credential"
            )));
        }
        Err(error) => return Ok(Found::Waits(error.to_string())),
    };
    let names = &member.names;
    let test = tenant
        .test_connection(names.realm, &names.worker, credential.secrets())
        .await?;
    Ok(match test {
        test if test.proves(&credential.id) => Found::Active,
        // Because of its cache, or because the promoted mapping leads to another ESV.
        ConnectionTest::Passed { credential_id, .. } => {
            Found::Fails(format!("the tenant still works with credential {credential_id}"))
        }
        ConnectionTest::NoWorker => Found::Fails(format!("the tenant does not find worker {}", names.worker)),
        ConnectionTest::Failed { message, .. } => {
            Found::Fails(format!("the tenant's test failed: {message}"))
        }
    })
}

/// Reads the configuration. If a 404 says that an object is missing, it must be missing in the list, too.
async fn configuration(tenant: &Tenant, member: &Member) -> Result<Promoted, Error> {
    let names = &member.names;
    let (realm, name, label) = (names.realm, &names.worker, &names.label);
    let Some(worker) = tenant.worker(realm, name).await? else {
        let is_listed = tenant.lists_worker(realm, name).await?;
        return Ok(if is_listed {
            Promoted::NotShown
        } else {
            Promoted::Wrong(format!("worker {name} is missing"))
        });
    };
    let attribute = tenant.label_attribute(realm).await?;
    let shown = promoted::of_worker(&worker, attribute.as_ref(), (name, label));
    if shown != Promoted::Right {
        return Ok(shown);
    }
    let mut mapping = tenant.mapping(realm, label).await?;
    if mapping.is_none() {
        let mut listed = tenant.mappings(realm).await?.into_iter();
        mapping = listed.find(|mapping| mapping.secret_label == label.secret_label());
    }
    Ok(promoted::of_mapping(mapping.as_ref(), label, &names.esv))
}
