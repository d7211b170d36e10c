//! The tenant binding: which tenant a credential may be sent to. Every customer's tenant is on the default
//! allow-list, so the allow-list alone would allow a stranger's tenant.

use super::Credential;
use crate::{
    api::TENANT_HOSTS_ANNOTATION,
    http::{Host, InvalidHost},
};

/// Why a credential may not be sent to a tenant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// Neither its environment's name nor its Secret's annotation allows that.
    #[error(
        "the credential of {environment_name:?} may not be sent to {host}: {derived}. Create the AICIntegration again with the tenant's own URL, or ask whoever writes the credential's Secret to annotate it with {TENANT_HOSTS_ANNOTATION}: {host}"
    )]
    OtherTenant {
        /// The tenant's host.
        host: Host,
        /// The environment's name in the credential.
        environment_name: String,
        /// The tenant that the name belongs to, in words.
        derived: String,
    },
    /// The annotation cannot be read.
    #[error("the annotation {TENANT_HOSTS_ANNOTATION} of the credential's Secret cannot be read: {0}")]
    Annotation(#[from] InvalidHost),
}

/// Checks that a credential may be sent to `host`. `annotation` is its Secret's.
pub fn check(credential: &Credential, annotation: Option<&str>, host: &Host) -> Result<(), NotAllowed> {
    let derived = derived_tenant_host(credential);
    if derived.as_ref() == Some(host) {
        return Ok(());
    }
    let entries = annotation.unwrap_or_default().split(',').map(str::trim);
    let mut unreadable = None;
    for entry in entries.filter(|entry| !entry.is_empty()) {
        match entry.parse::<Host>() {
            Ok(allowed) if allowed == *host => return Ok(()),
            Ok(_) => {}
            // Reported only if no other entry allows the host.
            Err(error) => unreadable = Some(error),
        }
    }
    if let Some(error) = unreadable {
        return Err(error.into());
    }
    let derived = match derived {
        Some(host) => format!("its name belongs to {host}"),
        None => "its name does not say which tenant it belongs to".to_owned(),
    };
    Err(NotAllowed::OtherTenant {
        host: host.clone(),
        environment_name: credential.environment_name.clone(),
        derived,
    })
}

/// The tenant that a credential belongs to by the name of its environment; none if that says nothing.
#[must_use]
pub fn derived_tenant_host(credential: &Credential) -> Option<Host> {
    tenant_host(&credential.environment_name)
}

/// The tenant that the documented naming of mapped environments gives (for UAT and staging: assumed).
#[must_use]
pub fn tenant_host(environment_name: &str) -> Option<Host> {
    let (rest, part) = environment_name
        .strip_prefix("env-pingoneaic-")?
        .rsplit_once('-')?;
    if rest.is_empty() {
        return None;
    }
    let host = match part {
        "prod" => format!("openam-{rest}.id.forgerock.io"),
        _ if is_sandbox(part) => {
            let (company, region) = rest.rsplit_once('-')?;
            format!("openam-{company}{part}-{region}.forgeblocks.com")
        }
        _ => format!("openam-{rest}-{part}.id.forgerock.io"),
    };
    host.parse().ok()
}

fn is_sandbox(part: &str) -> bool {
    part.strip_prefix("sandbox")
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_names_lead_to_their_tenants() {
        let table = [
            (
                "env-pingoneaic-mycompany-ew2-dev",
                Some("openam-mycompany-ew2-dev.id.forgerock.io"),
            ),
            (
                "env-pingoneaic-mycompany-ew2-staging",
                Some("openam-mycompany-ew2-staging.id.forgerock.io"),
            ),
            (
                "env-pingoneaic-mycompany-ew2-prod",
                Some("openam-mycompany-ew2.id.forgerock.io"),
            ),
            (
                "env-pingoneaic-mycompany-ew2-sandbox1",
                Some("openam-mycompanysandbox1-ew2.forgeblocks.com"),
            ),
            (
                "env-pingoneaic-my-company-ew2-sandbox12",
                Some("openam-my-companysandbox12-ew2.forgeblocks.com"),
            ),
            ("env-pingoneaic-prod", None),
            ("env-pingoneaic-x-sandbox1", None),
            ("env-pingoneaic--dev", None),
            ("env-pingoneaic-a.evil.com/-dev", None),
            ("My own environment", None),
        ];
        for (name, host) in table {
            assert_eq!(tenant_host(name).as_ref().map(Host::as_str), host, "{name}");
        }
    }
}
