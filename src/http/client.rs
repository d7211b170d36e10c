//! The client: one call in, one typed answer out.

use std::{sync::Arc, time::Duration};

use k8s_openapi::jiff::Timestamp;
use tracing::{Instrument, field::Empty};

use super::{
    AllowList, Call, Delivery, Error, Host, HostLoad, News, Priority, Rate, Reply,
    breaker::Down,
    closure::Closed,
    exchange::{TOO_LONG, exchange},
    hosts::Hosts,
    rate_limit::RateLimit,
};
use crate::clock::Clock;

/// The timeout of a call that may be repeated.
const REPEATABLE_TIMEOUT: Duration = Duration::from_secs(30);
/// The timeout of a call that must not be repeated. It is shorter than the Lease, so that the call ends while this
/// process leads.
pub const ONCE_ONLY_TIMEOUT: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Idle connections to keep for each host. Each needs some forty kilobytes.
const IDLE_CONNECTIONS: usize = 2;
/// How long to keep them: longer than the time between two calls of a reconciliation, and between two polls of a
/// promotion.
const IDLE_FOR: Duration = Duration::from_secs(15);

/// Observes every call, for metrics.
pub trait Observer: Send + Sync {
    /// A call ended; `result` is `ok` or the class of its error.
    fn call_ended(&self, operation: &'static str, result: &'static str, took: Duration);
    /// A call has waited this long for its host's rate limit.
    fn had_its_turn(&self, priority: Priority, waited: Duration);
    /// A host does not answer any more, or answers again.
    fn host_changed(&self, host: &Host, news: News);
}

/// The stack's settings.
pub struct Settings {
    /// The hosts that may be called.
    pub allowed: AllowList,
    /// Their rate limit.
    pub rate: Rate,
    /// Certificates in PEM to trust besides the system's.
    pub extra_roots: Vec<u8>,
    /// The observer of every call.
    pub observer: Arc<dyn Observer>,
}

/// The HTTP stack for one vendor's hosts. Clones share everything.
#[derive(Clone)]
pub struct Http {
    shared: Arc<Shared>,
}

struct Shared {
    client: reqwest::Client,
    settings: Settings,
    hosts: Hosts,
    clock: Clock,
}

impl Http {
    /// A stack.
    ///
    /// # Errors
    /// When the extra roots are not PEM certificates, or TLS cannot be set up.
    pub fn new(settings: Settings, clock: Clock) -> Result<Self, reqwest::Error> {
        let roots = reqwest::Certificate::from_pem_bundle(&settings.extra_roots)?;
        let client = reqwest::Client::builder()
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .https_only(true)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .pool_idle_timeout(IDLE_FOR)
            .connect_timeout(CONNECT_TIMEOUT)
            .tls_certs_merge(roots)
            .build()?;
        Ok(Self {
            shared: Arc::new(Shared {
                client,
                hosts: Hosts::new(settings.rate, clock.clone()),
                settings,
                clock,
            }),
        })
    }

    /// Whether a host may be called at all.
    pub fn check_allowed(&self, host: &Host) -> Result<(), Error> {
        let allowed = &self.shared.settings.allowed;
        if allowed.allows(host) {
            return Ok(());
        }
        Err(Error::HostNotAllowed {
            host: host.clone(),
            allowed: allowed.to_string(),
        })
    }

    /// A host's clock, by its answers.
    #[must_use]
    pub fn host_time(&self, host: &Host) -> Timestamp {
        self.shared.hosts.known(host).rate_limit.host_time()
    }

    /// How many calls and hosts wait, and for what.
    #[must_use]
    pub fn load(&self) -> Vec<HostLoad> {
        self.shared.hosts.load()
    }

    /// Makes a call. Any status from 200 to 299 is an `Ok`, and so is the one that the call accepts.
    pub async fn send(&self, host: &Host, call: Call) -> Result<Reply, Error> {
        self.check_allowed(host)?;
        let started = self.shared.clock.instant();
        let operation = call.operation;
        let span = tracing::debug_span!("call", operation, %host, result = Empty);
        let result = self.deliver(host, call).instrument(span.clone()).await;
        let class = result.as_ref().map_or_else(Error::class, |_| "ok");
        span.record("result", class);
        self.shared
            .settings
            .observer
            .call_ended(operation, class, self.shared.clock.instant() - started);
        if let Err(error) = &result {
            let (transaction_id, answer) = (error.transaction_id(), error.unsaid());
            tracing::info!(%host, %error, transaction_id, answer, "call failed");
        }
        result
    }

    async fn deliver(&self, host: &Host, call: Call) -> Result<Reply, Error> {
        match self.attempt(host, &call).await {
            // A host that took too long is not tried again.
            Err(first) if first.is_cut_off() && call.delivery == Delivery::Repeatable => {
                match self.attempt(host, &call).await {
                    // The first error says more than the refusal of the second try.
                    Err(Error::Down { .. }) => Err(first),
                    result => result,
                }
            }
            result => result,
        }
    }

    async fn attempt(&self, host: &Host, call: &Call) -> Result<Reply, Error> {
        let known = self.shared.hosts.known(host);
        let down = |Down(wait)| Error::Down {
            host: host.clone(),
            wait,
        };
        // Checked before the wait, so that no call waits for a host that is down, and after it, because the host may
        // have gone down meanwhile.
        known.breaker.check(call.priority).map_err(down)?;
        self.wait_for_turn(host, call.priority, &known.rate_limit).await?;
        let attempt = known.breaker.attempt(call.priority).map_err(down)?;
        if call.guard.as_ref().is_some_and(|guard| !guard.allows()) {
            return Err(Error::Withheld {
                operation: call.operation,
            });
        }
        let timeout = match call.delivery {
            Delivery::Repeatable => REPEATABLE_TIMEOUT,
            Delivery::OnceOnly => ONCE_ONLY_TIMEOUT,
        };
        let result = tokio::select! {
            result = exchange(&self.shared.client, host, call, &known.rate_limit) => result,
            () = self.shared.clock.sleep(timeout) => Err(Error::Unanswered {
                host: host.clone(),
                operation: call.operation,
                cause: TOO_LONG.to_owned(),
                timed_out: true,
            }),
        };
        let has_answered = result.as_ref().map_or_else(Error::is_answer, |_| true);
        if let Some(news) = attempt.ended(has_answered) {
            self.shared.settings.observer.host_changed(host, news);
        }
        result
    }

    async fn wait_for_turn(
        &self,
        host: &Host,
        priority: Priority,
        rate_limit: &RateLimit,
    ) -> Result<(), Error> {
        let clock = &self.shared.clock;
        let started = clock.instant();
        let left_alone = |Closed { asked, is_outage }| {
            let host = host.clone();
            if is_outage {
                let wait = asked.wait;
                Error::Down { host, wait }
            } else {
                Error::Throttled { host, asked }
            }
        };
        rate_limit.turn(priority).await.map_err(left_alone)?;
        let waited = clock.instant().saturating_duration_since(started);
        self.shared.settings.observer.had_its_turn(priority, waited);
        Ok(())
    }
}
