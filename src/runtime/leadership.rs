//! Leader election with a Lease, by the rules of client-go.
//!
//! The API server decides who holds the Lease, by the resource version. Whether another process's Lease has ended is
//! measured by this process's monotonic clock, from the last change that it saw, because clocks of machines differ.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
    jiff::Timestamp,
};
use kube::{Api, Client, ResourceExt, api::PostParams};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;

/// How long a Lease lasts without a renewal.
const LEASE: Duration = Duration::from_secs(30);
const RENEW_EVERY: Duration = Duration::from_secs(10);
const RETRY_EVERY: Duration = Duration::from_secs(2);
/// The timeout of a request for the Lease. Two of them must fit into what is left of it.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Whether this process is the leader. Clones share it.
#[derive(Clone)]
pub struct Leadership {
    clock: Clock,
    /// `None` without leader election.
    until: Option<Arc<Mutex<Option<Until>>>>,
    leads: watch::Receiver<bool>,
}

/// When the Lease ends, by both clocks, because one of them may stop while the process is frozen.
#[derive(Clone, Copy)]
struct Until {
    monotonic: Instant,
    wall: Timestamp,
}

/// A process's part in the election.
pub struct Candidate {
    api: Api<Lease>,
    name: String,
    identity: String,
    clock: Clock,
    until: Arc<Mutex<Option<Until>>>,
    leads: watch::Sender<bool>,
    /// Another process's Lease at its last change, and when that was seen.
    seen: Option<(String, Instant)>,
}

/// The Lease was not renewed in time, and another process may act.
#[derive(Debug, thiserror::Error)]
#[error("lost the lease {0}: another process may act now")]
pub struct Lost(String);

impl Leadership {
    /// Without leader election.
    #[must_use]
    pub fn alone(clock: Clock) -> Self {
        Self {
            clock,
            until: None,
            leads: watch::channel(true).1,
        }
    }

    /// Whether this process leads for at least this much longer.
    #[must_use]
    pub fn holds_for(&self, needed: Duration) -> bool {
        let Some(until) = &self.until else { return true };
        let until = *until.lock();
        until.is_some_and(|until| {
            self.clock.instant() + needed < until.monotonic
                && self
                    .clock
                    .now()
                    .saturating_add(needed)
                    .is_ok_and(|then| then < until.wall)
        })
    }

    /// Waits until this process leads.
    pub async fn acquired(&self) {
        let mut leads = self.leads.clone();
        // An error means that the candidate has ended. The caller ends with it.
        let _ = leads.wait_for(|leads| *leads).await;
    }
}

impl Candidate {
    /// A candidate for the lease of this name, and what it gains.
    #[must_use]
    pub fn new(client: Client, namespace: &str, name: &str, clock: Clock) -> (Self, Leadership) {
        let until = Arc::new(Mutex::new(None));
        let (leads, receiver) = watch::channel(false);
        let leadership = Leadership {
            clock: clock.clone(),
            until: Some(Arc::clone(&until)),
            leads: receiver,
        };
        let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "operator".to_owned());
        let candidate = Self {
            api: Api::namespaced(client, namespace),
            name: name.to_owned(),
            identity: format!("{host}_{}", uuid::Uuid::new_v4()),
            clock,
            until,
            leads,
            seen: None,
        };
        (candidate, leadership)
    }

    /// Waits for the Lease and renews it, until `shutdown` or until it is lost.
    pub async fn run(&mut self, shutdown: &CancellationToken) -> Result<(), Lost> {
        loop {
            let (began, clock) = (self.clock.instant(), self.clock.clone());
            let held = tokio::select! {
                held = self.hold() => held,
                () = clock.sleep(REQUEST_TIMEOUT) => Err("it took too long".to_owned()),
                () = shutdown.cancelled() => return Ok(()),
            };
            let wait = match held {
                Ok(true) => {
                    self.lead_from(began);
                    RENEW_EVERY
                }
                Ok(false) if *self.leads.borrow() => return Err(self.lose()),
                Ok(false) => RETRY_EVERY,
                Err(error) => {
                    tracing::warn!(lease = self.name, error, "failed to hold the lease");
                    RETRY_EVERY
                }
            };
            tokio::select! {
                () = self.clock.sleep(wait) => {}
                () = shutdown.cancelled() => return Ok(()),
            }
            if *self.leads.borrow() && !self.is_held() {
                return Err(self.lose());
            }
        }
    }

    /// Releases the Lease, so that another process need not wait for its end. This process does not act any more.
    pub async fn release(&self) {
        if !*self.leads.borrow() {
            return;
        }
        let release = async {
            let mut lease = self.api.get(&self.name).await?;
            let spec = lease.spec.get_or_insert_default();
            if spec.holder_identity.as_deref() == Some(self.identity.as_str()) {
                spec.holder_identity = None;
                spec.lease_duration_seconds = Some(1);
                self.api
                    .replace(&self.name, &PostParams::default(), &lease)
                    .await?;
            }
            Ok::<_, kube::Error>(())
        };
        tokio::select! {
            result = release => if let Err(error) = result {
                tracing::warn!(lease = self.name, %error, "failed to release the lease");
            },
            () = self.clock.sleep(REQUEST_TIMEOUT) => {}
        }
    }

    /// Acquires or renews the Lease, if it is ours or free.
    async fn hold(&mut self) -> Result<bool, String> {
        let text = |error: kube::Error| error.to_string();
        let Some(lease) = self.api.get_opt(&self.name).await.map_err(text)? else {
            let lease = self.lease(None, 0);
            return match self.api.create(&PostParams::default(), &lease).await {
                Ok(_) => Ok(true),
                Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
                Err(error) => Err(text(error)),
            };
        };
        let spec = lease.spec.clone().unwrap_or_default();
        let holder = spec.holder_identity.filter(|holder| !holder.is_empty());
        let is_ours = holder.as_deref() == Some(self.identity.as_str());
        if holder.is_some() && !is_ours && !self.has_ended(&lease, spec.lease_duration_seconds) {
            return Ok(false);
        }
        let transitions = spec.lease_transitions.unwrap_or_default();
        let next = self.lease(Some(&lease), if is_ours { transitions } else { transitions + 1 });
        match self.api.replace(&self.name, &PostParams::default(), &next).await {
            Ok(_) => Ok(true),
            // Another process was quicker. The next read shows who holds it.
            Err(kube::Error::Api(status)) if status.code == 409 && !is_ours => Ok(false),
            Err(error) => Err(text(error)),
        }
    }

    /// Whether another process's Lease has expired.
    fn has_ended(&mut self, lease: &Lease, seconds: Option<i32>) -> bool {
        let (version, now) = (lease.resource_version().unwrap_or_default(), self.clock.instant());
        match &self.seen {
            Some((seen, since)) if *seen == version => {
                let lasts = seconds.and_then(|seconds| u64::try_from(seconds).ok());
                now >= *since + lasts.map_or(LEASE, Duration::from_secs)
            }
            _ => {
                self.seen = Some((version, now));
                false
            }
        }
    }

    fn lease(&self, before: Option<&Lease>, transitions: i32) -> Lease {
        let now = MicroTime(self.clock.now());
        let spec = before.and_then(|lease| lease.spec.as_ref());
        let acquired = spec
            .filter(|spec| spec.holder_identity.as_deref() == Some(self.identity.as_str()))
            .and_then(|spec| spec.acquire_time.clone());
        Lease {
            metadata: before.map_or_else(
                || ObjectMeta {
                    name: Some(self.name.clone()),
                    ..ObjectMeta::default()
                },
                |lease| lease.metadata.clone(),
            ),
            spec: Some(LeaseSpec {
                holder_identity: Some(self.identity.clone()),
                lease_duration_seconds: i32::try_from(LEASE.as_secs()).ok(),
                acquire_time: acquired.or_else(|| Some(now.clone())),
                renew_time: Some(now),
                lease_transitions: Some(transitions),
                ..LeaseSpec::default()
            }),
        }
    }

    /// The Lease counts from its request, because the time at which it was granted is not known.
    fn lead_from(&self, began: Instant) {
        let passed = self.clock.instant().saturating_duration_since(began);
        let wall = self
            .clock
            .now()
            .saturating_add(LEASE.saturating_sub(passed))
            .unwrap_or(Timestamp::MAX);
        let until = Until {
            monotonic: began + LEASE,
            wall,
        };
        *self.until.lock() = Some(until);
        if !self.leads.send_replace(true) {
            tracing::info!(lease = self.name, identity = self.identity, "this process leads");
        }
    }

    fn is_held(&self) -> bool {
        let until = *self.until.lock();
        until.is_some_and(|until| self.clock.instant() < until.monotonic)
    }

    fn lose(&self) -> Lost {
        *self.until.lock() = None;
        Lost(self.name.clone())
    }
}
