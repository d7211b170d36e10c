//! `rotate-check CONNECTION`: whether the former credential may be revoked.

use std::fmt::Write as _;

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use pingone_aic_operator::{
    api::{
        AICIntegration, PingOneConnection, SecretKeyReference,
        conditions::{ACTIVE, CREDENTIAL_VALID, READY},
    },
    credential::decode,
};
use secrecy::{ExposeSecret as _, SecretSlice};
use serde_json::json;

use super::Printer;
use crate::{Answer, arguments::RotateCheck, cluster::Cluster, failure::Failure, style::plain};

pub async fn run(
    printer: Printer,
    cluster: &Cluster,
    RotateCheck {
        connection: name,
        holds,
        form: _,
    }: &RotateCheck,
) -> Result<Answer, Failure> {
    let connection: PingOneConnection = cluster.get(name).await?;
    let integrations: Vec<AICIntegration> = cluster.list(false).await?;
    let users = integrations
        .iter()
        .filter(|integration| integration.spec.connection_ref.name == *name);
    let held = match holds {
        Some(id) => Ok(id.clone()),
        None => held(cluster, &connection).await,
    };
    let (credential, reasons) = decide(&connection, &users.collect::<Vec<_>>(), held);
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

/// The id of the credential in the connection's Secret, or why it is not known. What the operator has not read yet is in no
/// status.
async fn held(cluster: &Cluster, connection: &PingOneConnection) -> Result<String, String> {
    let SecretKeyReference { name, key } = &connection.spec.credential_secret_ref;
    let secret: Secret = cluster.get(name).await.map_err(|failure| {
        format!("it is not known which credential Secret {name} holds: {failure}; or say it with --holds")
    })?;
    let value = secret.data.and_then(|mut data| data.remove(key));
    let value = value.map(|value| SecretSlice::from(value.0));
    let decoded = value.and_then(|value| decode(value.expose_secret()).ok());
    decoded
        .map(|credential| credential.id)
        .ok_or_else(|| format!("Secret {name} holds no credential under the key {key}"))
}

/// The credential in use, and all that speaks against revoking any other.
fn decide(
    connection: &PingOneConnection,
    users: &[&AICIntegration],
    held: Result<String, String>,
) -> (String, Vec<String>) {
    let status = connection.status.clone().unwrap_or_default();
    let mut reasons = Vec::new();
    let name = connection.name_any();
    if Some(status.observed_generation) != connection.metadata.generation {
        reasons.push(format!(
            "the operator has not read the spec of PingOneConnection {name} yet"
        ));
    }
    if connection.spec.suspend {
        reasons.push(format!(
            "PingOneConnection {name} is suspended: nobody looks at its Secret"
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
    match held {
        Ok(held) if held != credential.id => reasons.push(format!(
            "the Secret of PingOneConnection {name} holds credential {held}, and the operator has seen {} there",
            credential.id
        )),
        Ok(_) => {}
        Err(why) => reasons.push(why),
    }
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
        let is_at_work = !integration.spec.suspend;
        let is_current = Some(status.observed_generation) == integration.metadata.generation;
        if status.conditions.is_true(ACTIVE) && shown && is_proved && is_current && is_at_work {
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
