//! What people do at the vendors before the operator comes in: whatever the manifests name is simulated, and its
//! credentials go into the Secrets that the manifests name.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, Result};
use kube::ResourceExt as _;
use pingone_aic_harness::Namespace;
use pingone_aic_operator::api::{Stage, TenantEnvironment};
use pingone_aic_simulator::{Mutability, Network, Region, tenant::Times};

use crate::{Manifests, note};

/// What the operator asks a tenant for.
const SCOPES: [&str; 3] = ["fr:am:*", "fr:idc:esv:*", "fr:idc:promotion:*"];

/// A tenant takes minutes for each of them.
const TIMES: Times = Times {
    lock: Duration::from_secs(2),
    dry_run: Duration::from_secs(2),
    promotion: Duration::from_secs(4),
    unlock: Duration::from_secs(2),
};

/// Makes the environments and tenants, and writes the Secrets.
pub async fn provide(network: &Network, namespace: &Namespace, manifests: &Manifests) -> Result<()> {
    let pingone = network.pingone(Region::Europe);
    for connection in &manifests.connections {
        let name = &connection.spec.environment.name;
        let credential = pingone
            .create_environment(name)
            .create_connection()
            .add_credential();
        let secret = &connection.spec.credential_secret_ref;
        namespace
            .secret(&secret.name, &[(&secret.key, &credential.jwt)])
            .await?;
        note(&format!("{name:<46} its credential is in Secret {}", secret.name));
    }
    let mut tenants = BTreeMap::new();
    for integration in &manifests.integrations {
        let tenant = &integration.spec.tenant;
        let host = tenant.url.strip_prefix("https://").with_context(|| {
            format!(
                "the url of AICIntegration {} is not https",
                integration.name_any()
            )
        })?;
        let mutability = match tenant.environment {
            TenantEnvironment::Development | TenantEnvironment::Sandbox => Mutability::Mutable,
            _ => Mutability::Immutable,
        };
        let simulated = network.tenant(host, mutability);
        let account = simulated.create_service_account("pingone-aic-operator", &SCOPES);
        tenants.insert(integration.name_any(), simulated);
        let secret = &tenant.service_account_secret_ref.name;
        namespace
            .secret(
                secret,
                &[("serviceAccountId", &account.id), ("jwk", &account.jwk)],
            )
            .await?;
        note(&format!("{host:<46} its service account is in Secret {secret}"));
    }
    for promotion in &manifests.promotions {
        let first = |stage: &Stage| tenants.get(stage.integrations.first()?);
        let order: Option<Vec<_>> = promotion.spec.order.iter().map(first).collect();
        let order = order.context("a Promotion names an integration that no manifest has")?;
        network.group(&order).set_times(TIMES);
        let names: Vec<_> = promotion
            .spec
            .order
            .iter()
            .map(|stage| stage.name.as_str())
            .collect();
        note(&format!("{:<46} are one promotion group", names.join(" → ")));
    }
    Ok(())
}
