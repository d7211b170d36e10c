//! A run at its gate: shows what the next stage would change, and begins nothing.

use super::{
    content, lock_protocol,
    preflight::with_the_rest,
    provisional,
    requeue::{LOOK_AGAIN, RunRequeue},
    run::Run,
    target::{self, of_account},
};
use crate::{
    api::{PromotionPhase, Reason, conditions::Conclusion},
    controller::engine::requeue::When,
};

/// Ends the reconciliation of a run whose next stage waits for `spec.upTo`.
pub(super) async fn gated(run: &mut Run<'_>, index: usize) -> RunRequeue {
    let group = target::read_group(run).await;
    let name = run.object.spec.order[index].name.clone();
    let target = match target::target(&group, index) {
        Ok(target) => target,
        // The stage has not begun, so this need not be reported.
        Err(end) if run.status.stages.is_empty() => {
            let phase = run.phase();
            let end = with_the_rest(run, &group, index, end).await;
            return RunRequeue { phase, ..end };
        }
        Err(_) => return gate(run, &name),
    };
    if let Err(end) = of_account(run, &target.upper_host, &target.service_account_secret_ref.name).await
        && run.status.stages.is_empty()
    {
        let phase = run.phase();
        let end = with_the_rest(run, &group, index, end).await;
        return RunRequeue { phase, ..end };
    }
    // After the gate was lowered, people review what it shows from now on.
    run.status.phase = Some(PromotionPhase::Gated);
    let stage = run.stage(&name);
    if stage.held.is_some() {
        run.set_stage(stage.released_from_hold());
    }
    let shown = provisional::observe(run, &group, index).await;
    run.show(shown);
    gate(run, &name)
}

fn gate(run: &Run<'_>, name: &str) -> RunRequeue {
    let next = run.status.next.as_ref();
    let mut changes = next
        .and_then(|next| next.provisional.as_ref())
        .map(|report| format!(", which would change: {}", report.totals))
        .unwrap_or_default();
    let seen_at = next.and_then(|next| next.seen_at.as_ref());
    if let Some(seen_at) = seen_at.filter(|_| !changes.is_empty() && run.provisional.is_none()) {
        changes = format!(
            "{changes}. The operator read that at {}, and cannot read it now",
            seen_at.0
        );
    }
    let source = next.and_then(|next| next.source.as_deref());
    let left = content::expected(&run.object.spec, &run.status, &run.stage(name)).below;
    if let (Some(source), Some(left)) = (source, left)
        && source != left
    {
        changes = format!(
            "{changes}. The newest report of the environment below is {source}, and this run left report {left} there: somebody has since promoted to it, or rolled it back. {}",
            lock_protocol::way_to_accept(name, None, Some(source))
        );
    }
    RunRequeue {
        phase: PromotionPhase::Gated,
        conclusion: Conclusion::Done(
            Reason::Gated,
            format!("spec.upTo is reached; raise it to {name} to continue{changes}"),
        ),
        next: When::Poll(LOOK_AGAIN),
    }
}
