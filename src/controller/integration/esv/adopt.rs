//! Taking over, once, an ESV that this object did not make.

use super::record::{UNKNOWN, claim, describe, look, not_owned, our_mark};
use crate::{
    aic::{Esv, OwnerMark},
    api::Reason,
    controller::{
        engine::requeue::Flow,
        integration::{
            dereference::Inputs,
            pass::Pass,
            usage::{self, Label},
        },
    },
};

/// Marks a person's ESV as ours, if it may be taken over, and returns it as it is then.
pub(super) async fn take(pass: &mut Pass<'_>, inputs: &Inputs, esv: &Esv) -> Flow<Esv> {
    if !pass.object.spec.adopt {
        return Err(not_owned(pass, inputs, "was not made by the operator"));
    }
    if let Some(why) = obstacle(pass, inputs, esv).await? {
        let what = format!("cannot be adopted: {why}");
        return Err(not_owned(pass, inputs, &what));
    }
    let ours = our_mark(pass, UNKNOWN, &esv.active_version);
    describe(pass, inputs, &ours.to_string()).await?;
    // Nothing compares and sets a mark at once: whose it is now is read back before anything is written.
    match look(pass, inputs).await? {
        Some(esv) if OwnerMark::read(&esv.description).as_ref() == Some(&ours) => {
            tracing::info!(esv = %inputs.esv, "ESV is adopted");
            if esv.use_in_placeholders {
                let message = format!(
                    "ESV {} is used in placeholders: a new version may wait for a restart of the tenant",
                    inputs.esv
                );
                let cluster = &pass.context.cluster;
                cluster.warn(&pass.object, Reason::RestartNeeded, &message).await;
            }
            claim(pass, inputs, &esv).await?;
            Ok(esv)
        }
        _ => Err(pass.waiting(
            Reason::EsvNotOwned,
            "somebody else has changed the ESV while it was being adopted",
        )),
    }
}

async fn obstacle(pass: &Pass<'_>, inputs: &Inputs, esv: &Esv) -> Flow<Option<String>> {
    if esv.encoding != "generic" {
        return Ok(Some(format!(
            "its encoding is {}, and generic is needed",
            esv.encoding
        )));
    }
    let own = Label {
        realm: inputs.realm,
        secret_label: inputs.label.secret_label(),
    };
    let labels = pass.tried(usage::labels(&inputs.tenant, &inputs.esv).await)?;
    if let Some(other) = labels.iter().find(|label| **label != own) {
        return Ok(Some(format!("it is mapped to {other}, too")));
    }
    // As is every ESV that people make in the console, passwords of journeys included.
    if esv.use_in_placeholders && labels.is_empty() {
        return Ok(Some(format!(
            "it is used in placeholders, and nothing shows that it is a PingOne integration's: map the label {own} to it first"
        )));
    }
    Ok(None)
}
