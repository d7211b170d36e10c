//! Takes over, once, an ESV that this object did not create.

use super::{
    observe::look,
    record::{UNKNOWN, claim, describe, our_mark},
};
use crate::{
    aic::{Esv, OwnerMark},
    api::Reason,
    controller::{
        engine::requeue::Flow,
        integration::{dereference::Inputs, pass::Pass},
    },
};

/// Marks a person's ESV as this object's and returns it as it is then.
pub(super) async fn take(pass: &mut Pass<'_>, inputs: &Inputs, esv: &Esv) -> Flow<Esv> {
    let ours = our_mark(pass, UNKNOWN, &esv.active_version);
    describe(pass, inputs, &ours.to_string()).await?;
    // The API has no compare-and-set. The mark is read back before a version is written.
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
