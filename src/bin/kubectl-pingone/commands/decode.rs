//! `decode FILE`: the public claims of a credential. Nothing is called, and nothing secret is printed.

use std::fmt::Write as _;

use pingone_aic_operator::credential::{Credential, Grant, decode, derived_tenant_host};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{Printer, secret_file};
use crate::{Answer, arguments::Decode, failure::Failure, style::plain};

pub fn run(printer: Printer, Decode { file, .. }: &Decode) -> Result<Answer, Failure> {
    let text = secret_file::read(file)?;
    let credential =
        decode(text.expose_secret()).map_err(|error| Failure::No(format!("{}: {error}", file.display())))?;
    let shown = show(&credential);
    printer.print(&shown, || for_people(&shown))?;
    Ok(Answer::Yes)
}

fn show(credential: &Credential) -> Value {
    let url = |url: &Option<_>| url.as_ref().map(ToString::to_string);
    let kind = match credential.grant() {
        Some(Grant::Client(_)) => "names a client",
        Some(Grant::Gateway(_)) => "is a gateway's",
        None => "is of a kind that the operator cannot ask PingOne with",
    };
    let mut shown = json!({
        "claims": {
            "jti": credential.id,
            "iat": credential.issued_at.map(|at| at.to_string()),
            "environmentId": credential.environment_id,
            "environmentName": credential.environment_name,
            "organizationId": credential.organization_id,
            "organizationName": credential.organization_name,
            "region": credential.region,
            "apiServer": url(&credential.api_url),
            "authorizationServer": url(&credential.auth_url),
            "gatewayId": credential.gateway.as_ref().map(|gateway| &gateway.id),
            "gatewayType": credential.gateway.as_ref().and_then(|gateway| gateway.kind.as_ref()),
        },
        "kind": kind,
        "manifest": {
            "PingOneConnection": {"spec": {"environment": {
                "name": credential.environment_name, "id": credential.environment_id,
            }}},
        },
    });
    if let Some(host) = derived_tenant_host(credential) {
        let tenant = json!({"spec": {"tenant": {"url": format!("https://{host}")}}});
        shown["manifest"]["AICIntegration"] = tenant;
    }
    shown
}

fn for_people(shown: &Value) -> String {
    let mut text = String::new();
    for (claim, value) in shown["claims"].as_object().into_iter().flatten() {
        if let Some(value) = value.as_str() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{claim:<20} {}", plain(value));
        }
    }
    let kind = shown["kind"].as_str().unwrap_or_default();
    let _ = writeln!(
        text,
        "\nThe credential {kind}. What follows from it for manifests:\n"
    );
    text + &serde_saphyr::to_string(&shown["manifest"]).unwrap_or_default()
}
