//! `spec.upTo` does not reach the next stage: what that would change is shown, and nothing is begun.

use super::{
    end::{End, LOOK_AGAIN},
    preflight::with_the_rest,
    provisional::show,
    run::Run,
    summary,
    target::{self, of_account},
};
use crate::{
    api::{PromotionPhase, Reason, conditions::Conclusion},
    controller::engine::requeue::When,
};

/// Ends a pass over a run whose next stage has to wait for `spec.upTo`.
pub(super) async fn gated(run: &mut Run<'_>, index: usize) -> End {
    let group = target::read_group(run).await;
    let name = run.object.spec.order[index].name.clone();
    let target = match target::target(&group, index) {
        Ok(target) => target,
        // It has not begun: what is missing is as good as said.
        Err(end) if run.status.stages.is_empty() => return with_the_rest(run, &group, index, end).await,
        Err(_) => return gate(run, &name),
    };
    if let Err(end) = of_account(run, &target.upper_host, &target.service_account_secret_ref.name).await
        && run.status.stages.is_empty()
    {
        return with_the_rest(run, &group, index, end).await;
    }
    show(run, &group, index).await;
    gate(run, &name)
}

fn gate(run: &Run<'_>, name: &str) -> End {
    let changes = run
        .status
        .next
        .as_ref()
        .and_then(|next| next.provisional.as_ref())
        .map(|report| format!(", which would change: {}", summary::words(report)))
        .unwrap_or_default();
    End {
        phase: PromotionPhase::Gated,
        conclusion: Conclusion::Done(
            Reason::Gated,
            format!("spec.upTo is reached; raise it to {name} to go on{changes}"),
        ),
        next: When::Poll(LOOK_AGAIN),
    }
}
