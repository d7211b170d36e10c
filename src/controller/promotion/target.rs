//! The two environments of a stage, and their service accounts.

use std::{sync::Arc, time::Duration};

use kube::{ResourceExt, runtime::reflector::ObjectRef};

use super::{
    group::{Group, Member},
    requeue::{LOOK_AGAIN, RunRequeue, pending},
    run::Run,
};
use crate::{
    aic::Tenant,
    api::{
        AICIntegration, PromotionPhase, Reason, StageStatus, StageTarget, TenantEnvironment,
        conditions::Conclusion,
    },
    controller::{
        engine::{requeue::When, secret::SecretValues},
        promotion_registry::Key,
        tenant::service_account::{self, NoAccount},
    },
    http::{Host, Priority},
};

/// How soon to check again for the account that can release an open lock.
const LOOK_FOR_ACCOUNT: Duration = Duration::from_mins(1);

pub(super) async fn read_group(run: &Run<'_>) -> Group {
    let namespace = run.object.namespace().unwrap_or_default();
    let find = |name: &str| {
        run.scope
            .integrations
            .get(&ObjectRef::new(name).within(&namespace))
    };
    let mut group = Group::of(&run.object.spec, find);
    let named = run.object.spec.order.iter().flat_map(|stage| &stage.integrations);
    for name in named.filter(|name| find(name).is_none()) {
        let (shard, client) = (&run.context.shard, &run.context.cluster.client);
        let elsewhere = shard.why_not::<AICIntegration>(client, &namespace, name);
        match elsewhere.await {
            Ok(Some(why)) => {
                let named = format!("AICIntegration {name} of stage");
                group.missing.retain(|missing| !missing.starts_with(&named));
                group.faults.push(why);
            }
            Ok(None) => {}
            // The preflight reports what is missing.
            Err(error) => tracing::warn!(%error, name, "failed to look for an integration elsewhere"),
        }
    }
    group
}

/// The two environments of a stage, if the group fits together.
pub(super) fn target(group: &Group, index: usize) -> Result<StageTarget, RunRequeue> {
    if !group.faults.is_empty() {
        let all: Vec<_> = group.faults.iter().chain(&group.missing).cloned().collect();
        return Err(RunRequeue {
            phase: PromotionPhase::Pending,
            conclusion: Conclusion::Stalled(Reason::GroupInvalid, all.join(". ")),
            next: When::Check(LOOK_AGAIN),
        });
    }
    let hosts = (group.host(index - 1), group.host(index));
    let firsts = (group.stages[index - 1].first(), group.stages[index].first());
    let (true, (Some(lower), Some(upper)), (Some(below), Some(first))) =
        (group.missing.is_empty(), hosts, firsts)
    else {
        return Err(pending(Reason::PreflightFailed, &group.missing));
    };
    let account = |member: &Member| member.integration.spec.tenant.service_account_secret_ref.clone();
    let is_development = below.integration.spec.tenant.environment == TenantEnvironment::Development;
    Ok(StageTarget {
        lower_host: lower.to_string(),
        upper_host: upper.to_string(),
        service_account_secret_ref: account(first),
        lower_service_account_secret_ref: (!is_development).then(|| account(below)),
    })
}

/// The upper environment with its service account. The account of an open lock is kept in memory.
pub(super) async fn tenant(run: &Run<'_>, stage: &StageStatus) -> Result<Tenant, RunRequeue> {
    let Some(target) = &stage.target else {
        return Err(pending(Reason::PreflightFailed, &[]));
    };
    of_account(run, &target.upper_host, &target.service_account_secret_ref.name).await
}

/// A tenant, with the account in a Secret of this namespace.
pub(super) async fn of_account(run: &Run<'_>, host: &str, secret: &str) -> Result<Tenant, RunRequeue> {
    let stalled = |reason: Reason, message: String| RunRequeue {
        phase: run.phase(),
        conclusion: Conclusion::Stalled(reason, message),
        next: When::Poll(LOOK_AGAIN),
    };
    let host: Host = host.parse().map_err(|error| {
        stalled(
            Reason::InvalidObject,
            format!("status.stages names no host: {error}"),
        )
    })?;
    if let Err(error) = run.context.aic.check_allowed(&host) {
        return Err(stalled(Reason::HostNotAllowed, error.to_string()));
    }
    let namespace = run.object.namespace().unwrap_or_default();
    // The kept account is for the upper environment only.
    let is_locks = |key: &Key| key.host == host;
    let kept = run
        .context
        .runs
        .key(&run.uid)
        .filter(is_locks)
        .filter(|_| run.may_hold_lock());
    let read = SecretValues::read_now(&run.context.cluster, &namespace, secret).await;
    let account = match service_account::of(secret, read) {
        Ok(account) => Arc::new(account),
        Err(error) => match &kept {
            Some(kept) => Arc::clone(&kept.account),
            None => return Err(without_account(run, &host, &error)),
        },
    };
    if !run.may_hold_lock() {
        return Ok(run.context.aic.tenant(host, account));
    }
    let tenant = run
        .context
        .aic
        .tenant(host, account)
        .with_priority(Priority::Lock);
    // The Secret may have another account now. The lock was requested with the kept one.
    let is_accepted = tenant.accepts_account().await;
    let is_targets = |held: &&StageStatus| {
        let target = held.target.as_ref();
        target.is_some_and(|target| target.upper_host == tenant.host().as_str())
    };
    if let Some(held) = run.held().filter(is_targets).filter(|_| is_accepted) {
        let is_asking = kept.as_ref().is_some_and(|kept| kept.is_asking);
        run.keep_key(&tenant, held.clone(), is_asking);
    }
    Ok(match kept {
        Some(kept) if !is_accepted => {
            let host = tenant.host().clone();
            run.context
                .aic
                .tenant(host, kept.account)
                .with_priority(Priority::Lock)
        }
        _ => tenant,
    })
}

fn without_account(run: &Run<'_>, host: &Host, error: &NoAccount) -> RunRequeue {
    let target = run.held().and_then(|stage| stage.target.as_ref());
    let is_locks = target.is_some_and(|target| target.upper_host == host.as_str());
    let reason = match error {
        NoAccount::Invalid(reason, _) => *reason,
        NoAccount::Missing(_) => Reason::SecretNotFound,
        NoAccount::Unread(_) => Reason::NotReached,
    };
    let mut message = error.message();
    if is_locks {
        message += ". A lock may be open, and only this account can release it";
    }
    let needs_person = is_locks || matches!(error, NoAccount::Invalid(..));
    // A change of the Secret triggers the run. A Secret that could not be read may be right.
    let next = match error {
        NoAccount::Unread(_) => run.again(None),
        _ if run.may_hold_lock() => When::Poll(LOOK_FOR_ACCOUNT),
        _ => When::Poll(LOOK_AGAIN),
    };
    RunRequeue {
        phase: run.phase(),
        conclusion: Conclusion::unfinished(needs_person, reason, message),
        next,
    }
}

/// Claims both environments for the run, before anything is requested.
pub(super) fn claim(run: &Run<'_>, stage: &StageStatus) -> bool {
    let Some(target) = &stage.target else { return false };
    let hosts = (
        target.lower_host.parse::<Host>(),
        target.upper_host.parse::<Host>(),
    );
    let (Ok(lower), Ok(upper)) = hosts else {
        return false;
    };
    // A run that is gone claims nothing.
    let is_there = |uid: &str| run.scope.all_promotions.has(uid);
    run.context.runs.claim(&run.uid, [&lower, &upper], is_there)
}
