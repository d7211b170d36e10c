//! Everything that can be found without the lock, said all at once.

use std::time::Duration;

use kube::ResourceExt;

use super::{
    group::{Group, Member, name_of},
    provisional::{self, Shown},
    requeue::{LOOK_AGAIN, RunRequeue},
    run::Run,
    target::of_account,
};
use crate::{
    aic::{Error, OwnerMark, Tenant},
    api::{
        Active, Reason, TenantEnvironment,
        conditions::{ESV_READY, READY, SECRET_MAPPED, WORKER_READY},
    },
    controller::tenant::{
        error::classify,
        ownership::{Claimant, EsvOwner, of_esv},
    },
};

/// How soon an ESV is looked for again.
const LOOK_FOR_ESV: Duration = Duration::from_mins(1);

/// What keeps a stage from being begun.
pub(super) enum Obstacle {
    /// With how soon to look again: no watch tells of an ESV.
    Faults(Vec<String>, Duration),
    Queue(String),
    /// The ESVs above cannot be seen: a lock blocks them, too.
    Unseen(Error),
    /// The stage may not begin: it looks for what became of an earlier request alone.
    Gate,
}

/// What is found before the lock is requested.
#[derive(Default)]
pub(super) struct Preflight {
    pub(super) obstacle: Option<Obstacle>,
    /// What the stage would change, where that was read.
    pub(super) shown: Option<Shown>,
}

/// Looks for everything that keeps the stage from being begun. Writes nothing.
pub(super) async fn preflight(
    run: &Run<'_>,
    tenant: &Tenant,
    group: &Group,
    index: usize,
) -> Result<Preflight, RunRequeue> {
    let faults = faults(run, tenant, &group.stages[index - 1], &group.stages[index]).await;
    let Faults { found, again, unseen } = faults.map_err(|error| run.tenant_error(&error))?;
    let shown = Some(provisional::observe(run, group, index).await);
    let obstacle = if found.is_empty() {
        let hosts = group.host(index - 1).zip(group.host(index));
        let other = hosts.and_then(|(lower, upper)| run.in_the_way([lower, upper]));
        // What another run has locked is seen when it is done.
        other.map(Obstacle::Queue).or(unseen.map(Obstacle::Unseen))
    } else {
        Some(Obstacle::Faults(found, again))
    };
    Ok(Preflight { obstacle, shown })
}

/// An end that leaves no stage to begin, with whatever else a person will have to put right, as far as it can be seen.
pub(super) async fn with_the_rest(run: &Run<'_>, group: &Group, index: usize, end: RunRequeue) -> RunRequeue {
    let (lower, upper) = (&group.stages[index - 1], &group.stages[index]);
    let (reason, said) = end.conclusion.text();
    let seen = match upper.first() {
        // Who does not answer is not asked again at once.
        Some(_) if PASSING.contains(&reason) => None,
        Some(first) => seen_above(run, first, upper).await,
        None => Some(Vec::new()),
    };
    let before = run.status.conditions.said(reason);
    let message = match (seen, before.filter(|before| before.starts_with(said))) {
        // What was seen there before stands as long as nobody can look.
        (None, Some(before)) => before.to_owned(),
        (seen, _) => {
            let mut all = vec![said.to_owned()];
            all.extend(group.faults.iter().chain(&group.missing).cloned());
            all.extend(refusals(run, lower, upper));
            all.extend(seen.into_iter().flatten());
            each_once(all).join(". ")
        }
    };
    RunRequeue {
        conclusion: end.conclusion.with_message(message),
        ..end
    }
}

/// What passes by itself.
const PASSING: [Reason; 3] = [Reason::TenantUnavailable, Reason::RateLimited, Reason::NotReached];

/// Two members may share what is at fault, and the first may have said all of it.
fn each_once(all: Vec<String>) -> Vec<String> {
    let mut once: Vec<String> = Vec::new();
    for what in all {
        if !once.iter().any(|said| said.contains(&what)) {
            once.push(what);
        }
    }
    once
}

/// What the environment of a member shows of it, and of those beside it; `None` if it does not show it now.
async fn seen_above(run: &Run<'_>, first: &Member, members: &[Member]) -> Option<Vec<String>> {
    let host = &first.names.host;
    let secret = &first.integration.spec.tenant.service_account_secret_ref.name;
    let tenant = match of_account(run, host.as_str(), secret).await {
        Ok(tenant) => tenant,
        Err(end) => {
            let (reason, message) = end.conclusion.text();
            return (!PASSING.contains(&reason)).then(|| vec![message.to_owned()]);
        }
    };
    let lasting = |error: &Error| {
        let (reason, _, message) = classify(error);
        (!PASSING.contains(&reason)).then_some(message)
    };
    let mut seen = Vec::new();
    let mut refused = None;
    for member in members.iter().filter(|member| member.names.host == *host) {
        match missing_esv(&tenant, member).await {
            Ok(missing) => seen.extend(missing),
            Err(error) => {
                refused = Some(error);
                break;
            }
        }
    }
    let is_unlocked = match tenant.lock_state().await {
        Ok(lock) => lock.is_unlocked(),
        Err(error) => {
            seen.push(lasting(&error)?);
            true
        }
    };
    if !is_unlocked {
        seen.push(format!("{host} or the environment below it is not unlocked"));
    }
    // A lock blocks ESVs, too, and has been told of.
    if let Some(error) = refused.filter(|error| is_unlocked || !error.may_be_a_lock()) {
        seen.push(lasting(&error)?);
    }
    Some(seen)
}

/// What is in the way of promoting from the lower stage to the upper one.
struct Faults {
    found: Vec<String>,
    again: Duration,
    /// Why the ESVs above cannot be seen.
    unseen: Option<Error>,
}

async fn faults(run: &Run<'_>, tenant: &Tenant, lower: &[Member], upper: &[Member]) -> Result<Faults, Error> {
    let mut found = refusals(run, lower, upper);
    let (mut again, mut unseen) = (LOOK_AGAIN, None);
    match missing_esvs(tenant, upper).await {
        Ok(missing) if missing.is_empty() => {}
        Ok(missing) => {
            found.extend(missing);
            again = LOOK_FOR_ESV;
        }
        Err(error) if error.may_be_a_lock() => unseen = Some(error),
        Err(error) => return Err(error),
    }
    Ok(Faults {
        found: each_once(found),
        again,
        unseen,
    })
}

async fn missing_esvs(tenant: &Tenant, members: &[Member]) -> Result<Vec<String>, Error> {
    let mut missing = Vec::new();
    for member in members {
        missing.extend(missing_esv(tenant, member).await?);
    }
    Ok(missing)
}

/// Connections that PingOne refuses, and configuration that is not there to be promoted.
fn refusals(run: &Run<'_>, lower: &[Member], upper: &[Member]) -> Vec<String> {
    let members = lower.iter().chain(upper);
    let refused = members.filter_map(|member| refused(run, member));
    refused.chain(lower.iter().filter_map(unwritten)).collect()
}

/// Worker and mapping that the operator has still to write below: a promotion would leave them behind, and its lock
/// would keep them from being written.
fn unwritten(member: &Member) -> Option<String> {
    let status = member.integration.status.as_ref();
    let is_true = |type_| status.is_some_and(|status| status.conditions.is_true(type_));
    let is_written = is_true(WORKER_READY) && is_true(SECRET_MAPPED);
    let is_written_here = member.integration.spec.tenant.environment == TenantEnvironment::Development;
    (is_written_here && !is_written).then(|| {
        let name = name_of(member);
        format!("AICIntegration {name} has not written its worker and mapping yet: its conditions say why")
    })
}

/// A connection that PingOne refuses.
fn refused(run: &Run<'_>, member: &Member) -> Option<String> {
    let connection = match run.connection(member) {
        Ok(connection) => connection,
        Err(missing) => return Some(format!("AICIntegration {}: {missing}", name_of(member))),
    };
    let ready = member
        .integration
        .status
        .as_ref()
        .and_then(|status| status.conditions.get(READY));
    if ready.is_some_and(|ready| ready.reason == Reason::TenantOfAnotherInstallation.as_str()) {
        return Some(format!("AICIntegration {}: {}", name_of(member), ready?.message));
    }
    let status = connection.status.as_ref()?;
    (status.conditions.active() == Active::False).then(|| {
        let name = connection.name_any();
        format!("PingOneConnection {name} is not Active: its own conditions say why")
    })
}

/// An ESV that is missing above, or is not the integration's own.
async fn missing_esv(tenant: &Tenant, member: &Member) -> Result<Option<String>, Error> {
    let (name, id) = (name_of(member), &member.names.esv);
    let Some(esv) = tenant.esv(id).await? else {
        return Ok(Some(format!(
            "ESV {id} does not exist yet: AICIntegration {name} creates it, and says what it waits for"
        )));
    };
    let meta = &member.integration.metadata;
    let claimant = Claimant {
        name: &format!("{}/{name}", meta.namespace.as_deref().unwrap_or_default()),
        uid: meta.uid.as_deref().unwrap_or_default(),
    };
    let status = member.integration.status.clone().unwrap_or_default();
    let memory = status.esv.unwrap_or_default();
    let owner = of_esv(&claimant, &memory, OwnerMark::read(&esv.description), None);
    Ok(match owner {
        EsvOwner::Ours(_) if status.conditions.is_true(ESV_READY) => None,
        EsvOwner::Ours(_) => Some(format!(
            "ESV {id} of AICIntegration {name} is not ready: its conditions say why"
        )),
        _ => Some(format!(
            "ESV {id} does not belong to AICIntegration {name}: its conditions say why"
        )),
    })
}
