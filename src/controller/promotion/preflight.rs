//! Finds everything that can be found without the lock, and reports it all at once.

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

/// How soon an ESV is checked again.
const LOOK_FOR_ESV: Duration = Duration::from_mins(1);

/// What keeps a stage from beginning.
pub(super) enum Obstacle {
    /// With the time until the next check, because no watch tells of an ESV.
    Faults(Vec<String>, Duration),
    Queue(String),
    /// The upper environment's ESVs cannot be read, because a lock blocks them, too.
    Unseen(Error),
    /// The stage may not begin. It only looks for the effect of an earlier request.
    Gate,
}

/// The findings before the lock is requested.
#[derive(Default)]
pub(super) struct Preflight {
    pub(super) obstacle: Option<Obstacle>,
    /// What the stage would change, if that was read.
    pub(super) shown: Option<Shown>,
}

/// Checks for everything that keeps the stage from beginning. Writes nothing.
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
        // Environments that another run has locked are checked when it is done.
        other.map(Obstacle::Queue).or(unseen.map(Obstacle::Unseen))
    } else {
        Some(Obstacle::Faults(found, again))
    };
    Ok(Preflight { obstacle, shown })
}

/// Adds to an end that lets no stage begin everything else that a person will have to correct.
pub(super) async fn with_the_rest(run: &Run<'_>, group: &Group, index: usize, end: RunRequeue) -> RunRequeue {
    let (lower, upper) = (&group.stages[index - 1], &group.stages[index]);
    let (reason, said) = end.conclusion.text();
    let seen = match upper.first() {
        // A tenant that does not answer is not called again at once.
        Some(_) if PASSING.contains(&reason) => None,
        Some(first) => seen_above(run, first, upper).await,
        None => Some(Vec::new()),
    };
    let before = run.status.conditions.said(reason);
    let message = match (seen, before.filter(|before| before.starts_with(said))) {
        // The former findings stay while the tenant cannot be read.
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

/// This passes by itself.
const PASSING: [Reason; 3] = [Reason::TenantUnavailable, Reason::RateLimited, Reason::NotReached];

/// Two members may share a fault, which is reported once.
fn each_once(all: Vec<String>) -> Vec<String> {
    let mut once: Vec<String> = Vec::new();
    for what in all {
        if !once.iter().any(|said| said.contains(&what)) {
            once.push(what);
        }
    }
    once
}

/// The faults of a member in its environment; `None` if the environment does not show them now.
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
    // A lock blocks ESVs, too, and is reported already.
    if let Some(error) = refused.filter(|error| is_unlocked || !error.may_be_a_lock()) {
        seen.push(lasting(&error)?);
    }
    Some(seen)
}

/// What prevents the promotion from the lower stage to the upper one.
struct Faults {
    found: Vec<String>,
    again: Duration,
    /// Why the upper environment's ESVs cannot be read.
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

/// Connections that PingOne refuses, and configuration that is missing below.
fn refusals(run: &Run<'_>, lower: &[Member], upper: &[Member]) -> Vec<String> {
    let members = lower.iter().chain(upper);
    let refused = members.filter_map(|member| refused(run, member));
    refused.chain(lower.iter().filter_map(unwritten)).collect()
}

/// Worker and mapping that the operator still has to write below. A promotion would not copy them, and its lock would
/// block the write.
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

/// An ESV that is missing in the upper environment, or is not the integration's.
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
