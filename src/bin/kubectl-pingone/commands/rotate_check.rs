//! `rotate-check CONNECTION`: whether the former credential may be revoked.

use std::fmt::Write as _;

use kube::ResourceExt as _;
use pingone_aic_operator::api::{
    AICIntegration, PingOneConnection,
    conditions::{ACTIVE, CREDENTIAL_VALID, READY},
};
use serde_json::json;

use super::Printer;
use crate::{Answer, arguments::Connection, cluster::Cluster, failure::Failure, style::plain};

pub async fn run(
    printer: Printer,
    cluster: &Cluster,
    Connection { connection: name, .. }: &Connection,
) -> Result<Answer, Failure> {
    let connection: PingOneConnection = cluster.get(name).await?;
    let integrations: Vec<AICIntegration> = cluster.list(false).await?;
    let users = integrations
        .iter()
        .filter(|integration| integration.spec.connection_ref.name == *name);
    let (credential, reasons) = decide(&connection, &users.collect::<Vec<_>>());
    let may = reasons.is_empty();
    let answer = json!({"mayRevoke": may, "credential": credential, "because": reasons});
    printer.print(&answer, || {
        let mut text = if may {
            format!(
                "yes: every other credential of this connection may be revoked. The tenant of each integration in this namespace has shown credential {}\n",
                plain(&credential)
            )
        } else {
            "no, because\n".to_owned()
        };
        for reason in &reasons {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "- {}", plain(reason));
        }
        text
    })?;
    Ok(if may { Answer::Yes } else { Answer::No })
}

/// The credential in use, and all that speaks against revoking any other.
fn decide(connection: &PingOneConnection, users: &[&AICIntegration]) -> (String, Vec<String>) {
    let status = connection.status.clone().unwrap_or_default();
    let mut reasons = Vec::new();
    let name = connection.name_any();
    if Some(status.observed_generation) != connection.metadata.generation {
        reasons.push(format!(
            "the operator has not read the spec of PingOneConnection {name} yet"
        ));
    }
    for type_ in [CREDENTIAL_VALID, ACTIVE] {
        if let Some(condition) = status.conditions.get(type_).filter(|it| it.status != "True") {
            let (reason, message) = (&condition.reason, &condition.message);
            reasons.push(format!(
                "PingOneConnection {name} is not {type_} ({reason}): {message}"
            ));
        }
    }
    let Some(credential) = status.credential else {
        reasons.push(format!("no credential is known of PingOneConnection {name}"));
        return (String::new(), reasons);
    };
    if users.is_empty() {
        reasons.push(format!(
            "no integration in this namespace uses PingOneConnection {name}: nothing shows which credential is at work"
        ));
    }
    for integration in users {
        let (name, status) = (
            integration.name_any(),
            integration.status.clone().unwrap_or_default(),
        );
        let shown = status.credential_id.as_deref() == Some(credential.id.as_str());
        let is_proved = status
            .esv
            .as_ref()
            .is_some_and(|esv| esv.unproven_since.is_none() && esv.pending.is_none());
        let is_current = Some(status.observed_generation) == integration.metadata.generation;
        if status.conditions.is_true(ACTIVE) && shown && is_proved && is_current {
            continue;
        }
        let ready = status.conditions.get(READY);
        let why = ready.map_or_else(
            || "the operator has not looked at it yet".to_owned(),
            |ready| format!("{}: {}", ready.reason, ready.message),
        );
        reasons.push(format!(
            "AICIntegration {name} is not proved to work with credential {}: {why}",
            credential.id
        ));
    }
    (credential.id, reasons)
}
