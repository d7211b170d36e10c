//! Taking over, once, an ESV that this object did not make.

use std::ops::ControlFlow::{self, Break, Continue};

use super::{
    super::{
        dereference::Inputs,
        mark::Mark,
        pass::{End, Pass},
        usage::{self, Label},
    },
    describe, look, not_owned, our_mark,
};
use crate::{aic::Esv, api::Reason};

/// What the mark names while it is not known which credential the ESV holds.
const UNKNOWN: &str = "unknown";

/// Marks the ESV as ours, if it may be taken over, and returns it as it is then.
pub(super) async fn take(
    pass: &mut Pass<'_>,
    inputs: &Inputs,
    esv: &Esv,
    mark: Option<&Mark>,
) -> ControlFlow<End, Esv> {
    let whose = match mark {
        Some(mark) => format!("bears the mark of {} ({})", mark.owner, mark.uid),
        None => "was not made by the operator".to_owned(),
    };
    if !pass.object.spec.adopt {
        return Break(not_owned(pass, inputs, &whose));
    }
    if let Some(why) = obstacle(pass, inputs, esv, mark).await? {
        let what = format!("cannot be adopted: {why}");
        return Break(not_owned(pass, inputs, &what));
    }
    let ours = our_mark(pass, UNKNOWN, &esv.active_version);
    describe(pass, inputs, &ours.to_string()).await?;
    // Nothing compares and sets a mark at once: whose it is now is read back before anything is written.
    match look(pass, inputs).await? {
        Some(esv) if Mark::read(&esv.description).as_ref() == Some(&ours) => {
            tracing::info!(esv = %inputs.esv, was = whose, "ESV is adopted");
            Continue(esv)
        }
        _ => Break(pass.waiting(
            Reason::EsvNotOwned,
            "somebody else has changed the ESV while it was being adopted",
        )),
    }
}

async fn obstacle(
    pass: &Pass<'_>,
    inputs: &Inputs,
    esv: &Esv,
    mark: Option<&Mark>,
) -> ControlFlow<End, Option<String>> {
    if let Some(mark) = mark.filter(|mark| pass.fleet.has(&mark.uid)) {
        return Continue(Some(format!("AICIntegration {} uses it", mark.owner)));
    }
    if esv.encoding != "generic" {
        return Continue(Some(format!(
            "its encoding is {}, and generic is needed",
            esv.encoding
        )));
    }
    if esv.use_in_placeholders {
        return Continue(Some("it is used in placeholders".to_owned()));
    }
    let own = Label {
        realm: inputs.realm,
        secret_label: inputs.label.secret_label(),
    };
    let labels = pass.tried(usage::labels(&inputs.tenant, &inputs.esv).await)?;
    let other = labels.iter().find(|label| **label != own);
    Continue(other.map(|label| format!("it is mapped to {label}, too")))
}
