//! Taking over, once, an ESV that this object did not make.

use super::record::{describe, look, not_owned, our_mark};
use crate::{
    aic::Esv,
    api::Reason,
    controller::{
        engine::requeue::Flow,
        integration::{
            dereference::Inputs,
            mark::Mark,
            pass::Pass,
            usage::{self, Label},
        },
    },
};

/// What the mark names while it is not known which credential the ESV holds.
const UNKNOWN: &str = "unknown";

/// Marks the ESV as ours, if it may be taken over, and returns it as it is then.
pub(super) async fn take(pass: &mut Pass<'_>, inputs: &Inputs, esv: &Esv, mark: Option<&Mark>) -> Flow<Esv> {
    let whose = match mark {
        Some(mark) => format!("bears the mark of {} ({})", mark.owner, mark.uid),
        None => "was not made by the operator".to_owned(),
    };
    if !pass.object.spec.adopt {
        return Err(not_owned(pass, inputs, &whose));
    }
    if let Some(why) = obstacle(pass, inputs, esv, mark).await? {
        let what = format!("cannot be adopted: {why}");
        return Err(not_owned(pass, inputs, &what));
    }
    let ours = our_mark(pass, UNKNOWN, &esv.active_version);
    describe(pass, inputs, &ours.to_string()).await?;
    // Nothing compares and sets a mark at once: whose it is now is read back before anything is written.
    match look(pass, inputs).await? {
        Some(esv) if Mark::read(&esv.description).as_ref() == Some(&ours) => {
            tracing::info!(esv = %inputs.esv, was = whose, "ESV is adopted");
            Ok(esv)
        }
        _ => Err(pass.waiting(
            Reason::EsvNotOwned,
            "somebody else has changed the ESV while it was being adopted",
        )),
    }
}

async fn obstacle(pass: &Pass<'_>, inputs: &Inputs, esv: &Esv, mark: Option<&Mark>) -> Flow<Option<String>> {
    if let Some(mark) = mark.filter(|mark| pass.fleet.has(&mark.uid)) {
        return Ok(Some(format!("AICIntegration {} uses it", mark.owner)));
    }
    if esv.encoding != "generic" {
        return Ok(Some(format!(
            "its encoding is {}, and generic is needed",
            esv.encoding
        )));
    }
    if esv.use_in_placeholders {
        return Ok(Some("it is used in placeholders".to_owned()));
    }
    let own = Label {
        realm: inputs.realm,
        secret_label: inputs.label.secret_label(),
    };
    let labels = pass.tried(usage::labels(&inputs.tenant, &inputs.esv).await)?;
    let other = labels.iter().find(|label| **label != own);
    Ok(other.map(|label| format!("it is mapped to {label}, too")))
}
