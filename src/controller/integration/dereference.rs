//! Reads and checks what the spec refers to. Sends nothing to a vendor.

use std::sync::Arc;

use kube::{ResourceExt, runtime::reflector::ObjectRef};

use super::{
    conflicts::{check_claims, check_installation, unasked},
    pass::Pass,
};
use crate::{
    aic::{EsvId, IntegrationName, LabelIdentifier, ServiceAccount, Tenant, derived_name},
    api::{
        AICIntegration, PingOneConnection, Realm, Reason, TenantEnvironment,
        conditions::{ACTIVE, Conclusion, Finding},
    },
    controller::{
        context::ScopeContext,
        engine::{
            requeue::{Flow, Requeue, When},
            secret::{SecretValues, Unread},
        },
        tenant::{
            credential::verified_credential,
            names::Names,
            service_account::{self, NoAccount},
        },
    },
    credential::{self, Credential},
    http::BaseUrl,
};

/// All that the later steps work with.
pub(super) struct Inputs {
    pub(super) tenant: Tenant,
    pub(super) realm: Realm,
    pub(super) credential: Credential,
    pub(super) name: IntegrationName,
    pub(super) esv: EsvId,
    pub(super) label: LabelIdentifier,
    mutable: bool,
}

impl Inputs {
    /// Whether the environment is mutable.
    pub(super) fn is_mutable(&self) -> bool {
        self.mutable
    }
}

pub(super) async fn dereference(pass: &mut Pass<'_>, scope: &ScopeContext) -> Flow<Inputs> {
    let namespace = pass.object.namespace().unwrap_or_default();
    let url = match BaseUrl::parse(&pass.object.spec.tenant.url, "") {
        Ok(url) => url,
        Err(error) => {
            return Err(pass.stalled(
                Reason::HostNotAllowed,
                format!("tenant.url cannot be used: {error}"),
            ));
        }
    };
    let host = url.host().clone();
    if let Err(error) = pass.context.aic.check_allowed(&host) {
        return Err(pass.stalled(
            Reason::HostNotAllowed,
            format!("tenant.url may not be called: {error}"),
        ));
    }

    let connection = connection(pass, scope, &namespace).await?;
    let (credential, tenant_hosts) = credential_of(pass, &connection).await?;
    if let Err(refusal) = credential::check_tenant_binding(&credential, tenant_hosts.as_deref(), &host) {
        let message = refusal.to_string();
        pass.find(
            ACTIVE,
            &Finding::no(Reason::TenantNotAllowedForCredential, &message),
        );
        return Err(pass.stalled(Reason::TenantNotAllowedForCredential, message));
    }
    if pass.status.credential_id.as_ref() != Some(&credential.id) {
        let message = format!(
            "the connection test has not passed with credential {} yet",
            credential.id
        );
        pass.find(ACTIVE, &Finding::no(Reason::NotReached, message));
    }
    if pass.object.spec.realm == Realm::Unknown
        || pass.object.spec.tenant.environment == TenantEnvironment::Unknown
    {
        let message = "spec.realm or spec.tenant.environment is a value that this version of the operator does not know: upgrade it";
        return Err(pass.stalled(Reason::InvalidObject, message));
    }
    let account = read_account(pass)
        .await
        .map_err(|error| without_account(pass, error))?;

    let Some(name) = name(&pass.object, &credential) else {
        let message = format!(
            "no name can be derived from the environment's name {:?}: create this AICIntegration again with spec.name",
            credential.environment_name
        );
        return Err(pass.stalled(Reason::NameUnderivable, message));
    };
    let names = match Names::new(&pass.object, host.clone(), name) {
        Ok(names) => names,
        // Admission refuses this. An object from before the rule may still have it.
        Err(error) => {
            let message = format!("spec.esvId or spec.secretLabelIdentifier cannot be used: {error}");
            return Err(pass.stalled(Reason::InvalidObject, message));
        }
    };
    check_claims(pass, &names)?;
    check_installation(pass).await?;
    pass.status.name = Some(names.worker.to_string());
    if pass.object.spec.name.is_none()
        && pass
            .object
            .status
            .as_ref()
            .is_none_or(|status| status.name.is_none())
    {
        // Records a derived name before anything has it, so that a crash does not lose the owner.
        pass.record().await?;
    }
    let Names {
        realm,
        worker: name,
        esv,
        label,
        ..
    } = names;
    Ok(Inputs {
        tenant: pass
            .context
            .aic
            .tenant(host, Arc::new(account))
            .with_priority(pass.priority)
            .guarded(pass.context.leads()),
        realm,
        mutable: pass.object.spec.tenant.environment.is_mutable(),
        credential,
        name,
        esv,
        label,
    })
}

/// The connection that the spec refers to.
async fn connection(
    pass: &mut Pass<'_>,
    scope: &ScopeContext,
    namespace: &str,
) -> Flow<Arc<PingOneConnection>> {
    let name = pass.object.spec.connection_ref.name.clone();
    if let Some(connection) = scope.connections.get(&ObjectRef::new(&name).within(namespace)) {
        return Ok(connection);
    }
    let (shard, client) = (&pass.context.shard, &pass.context.cluster.client);
    let elsewhere = shard.why_not::<PingOneConnection>(client, namespace, &name);
    match elsewhere.await {
        Ok(None) => {}
        Ok(Some(message)) => {
            pass.find(ACTIVE, &Finding::no(Reason::OutsideSelector, &message));
            return Err(pass.stalled(Reason::OutsideSelector, message));
        }
        Err(error) => return Err(unasked("connection", &error)),
    }
    let message = format!("PingOneConnection {name} does not exist: create it");
    pass.find(ACTIVE, &Finding::no(Reason::ConnectionNotFound, &message));
    Err(pass.waiting(Reason::ConnectionNotFound, message))
}

/// The name in the spec, or the one that was derived once, or the one derived from the environment's name.
fn name(object: &AICIntegration, credential: &Credential) -> Option<IntegrationName> {
    let latched = object.status.as_ref().and_then(|status| status.name.as_ref());
    match object.spec.name.as_ref().or(latched) {
        Some(name) => name.parse().ok(),
        None => derived_name(&credential.environment_name),
    }
}

/// The credential in the connection's Secret, if the connection has verified exactly this one. The operator writes
/// nothing that PingOne refuses.
async fn credential_of(
    pass: &mut Pass<'_>,
    connection: &PingOneConnection,
) -> Flow<(Credential, Option<String>)> {
    let verified = match verified_credential(pass.context, connection).await {
        Ok(verified) => verified,
        Err(error) => return Err(unread(Reason::ConnectionNotReady, &error)),
    };
    let Some(verified) = verified else {
        let (name, secret) = (connection.name_any(), &connection.spec.credential_secret_ref.name);
        let mut message = format!(
            "PingOneConnection {name} has not verified the credential in Secret {secret}: see its conditions"
        );
        if let Some(id) = &pass.status.credential_id {
            message += ". The last passing connection test was with credential ";
            message += id;
        }
        pass.find(ACTIVE, &Finding::no(Reason::ConnectionNotReady, &message));
        return Err(pass.waiting(Reason::ConnectionNotReady, message));
    };
    Ok(verified)
}

/// The tenant's service account, from its Secret.
pub(super) async fn read_account(pass: &Pass<'_>) -> Result<ServiceAccount, NoAccount> {
    let namespace = pass.object.namespace().unwrap_or_default();
    let name = &pass.object.spec.tenant.service_account_secret_ref.name;
    let secret = SecretValues::read(&pass.context.cluster, &namespace, name).await;
    service_account::of(name, secret)
}

/// Ends a pass without a service account to work with.
pub(super) fn without_account(pass: &Pass<'_>, error: NoAccount) -> Requeue {
    match error {
        NoAccount::Missing(message) => pass.waiting(Reason::SecretNotFound, message),
        NoAccount::Invalid(reason, message) => pass.stalled(reason, message),
        NoAccount::Unread(error) => unread(Reason::SecretNotFound, &error),
    }
}

fn unread(reason: Reason, error: &Unread) -> Requeue {
    let conclusion = Conclusion::InProgress(reason, error.to_string());
    Requeue {
        conclusion,
        when: When::Retry(None),
    }
}
