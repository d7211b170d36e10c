//! The source of a stage: the newest report of the environment below. Only promotions change that environment, so the
//! report identifies its content. Development has none.

use super::{
    group::Group,
    lock_protocol::{NO_SOURCE, Source, UNCLEAR_SOURCE},
    reports::{Newest, newest_report},
    requeue::{RunRequeue, pending},
    run::Run,
    target::of_account,
};
use crate::{
    aic::{Error, Tenant},
    api::{Outcome, Reason, StageStatus, TenantEnvironment, conditions::Conclusion},
    controller::tenant::error::classify,
};

/// Whether the environment below is Development, which no report identifies.
pub(super) fn is_from_development(group: &Group, index: usize) -> bool {
    let below = index
        .checked_sub(1)
        .and_then(|below| group.stages.get(below)?.first());
    below.is_some_and(|member| member.integration.spec.tenant.environment == TenantEnvironment::Development)
}

/// Reads the newest report of the environment below. Its list must have the report `known`. Before the lock is
/// requested, a list that was read already is used; under the lock it is read again.
pub(super) async fn source_of(run: &Run<'_>, stage: &StageStatus, known: &str) -> Source {
    let shown = run.newest_below.clone().filter(|_| stage.step.is_none());
    let newest = match shown {
        Some(newest) => newest,
        None => match lower_tenant(run, stage).await {
            Ok(tenant) => match newest_report(&tenant).await {
                Ok(newest) => newest,
                Err(error) => {
                    let (_, needs_person, why) = classify(&error);
                    return Source::Unread { why, needs_person };
                }
            },
            Err(end) => {
                return Source::Unread {
                    why: end.conclusion.text().1.to_owned(),
                    needs_person: matches!(end.conclusion, Conclusion::Stalled(..)),
                };
            }
        },
    };
    match newest {
        Newest { listed, .. }
            if ![NO_SOURCE, UNCLEAR_SOURCE].contains(&known) && !listed.iter().any(|id| id == known) =>
        {
            Source::Stale
        }
        Newest { id: Some(id), .. } => Source::Newest(id),
        Newest { id: None, tied, .. } => Source::Unclear(tied),
    }
}

async fn lower_tenant(run: &Run<'_>, stage: &StageStatus) -> Result<Tenant, RunRequeue> {
    let target = stage.target.as_ref();
    let secret = target.and_then(|target| target.lower_service_account_secret_ref.as_ref());
    let (Some(target), Some(secret)) = (target, secret) else {
        return Err(pending(
            Reason::PreflightFailed,
            &["status.stages names no service account of the environment below".to_owned()],
        ));
    };
    of_account(run, &target.lower_host, &secret.name).await
}

/// The newest report of the environment below, for `status.next`; `None` if that is Development or cannot be read.
pub(super) async fn shown_source(run: &Run<'_>, group: &Group, index: usize) -> Option<Newest> {
    if is_from_development(group, index) {
        return None;
    }
    let below = group.stages.get(index.checked_sub(1)?)?.first()?;
    let secret = &below.integration.spec.tenant.service_account_secret_ref.name;
    let tenant = of_account(run, below.names.host.as_str(), secret).await.ok()?;
    newest_report(&tenant).await.ok()
}

/// Records the newest report when a stage ends, because the next stage is promoted from that.
pub(super) async fn remember_newest(tenant: &Tenant, stage: &mut StageStatus) -> Result<(), Error> {
    let own = stage.report.as_ref().and_then(|report| report.report_id.clone());
    stage.newest_report = match stage.outcome {
        Some(Outcome::Promoted | Outcome::AlreadyPromoted) if own.is_some() => own,
        _ => newest_report(tenant)
            .await?
            .id
            .or_else(|| Some(UNCLEAR_SOURCE.to_owned())),
    };
    Ok(())
}
