//! Access tokens: one for each service account, shared by all its users, renewed before it expires.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Error, ServiceAccount, service_account::ASSERTION_LIFETIME_SECONDS};
use crate::{
    clock::Clock,
    http::{Call, Host, Http, Priority, SingleFlight},
};

/// A token is renewed this long before it expires.
const RENEW_BEFORE: Duration = Duration::from_mins(1);
/// The longest time to use a token. The answer is input.
const LONGEST_LIFETIME: Duration = Duration::from_hours(24);
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Who calls a tenant, and how urgently.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) host: Host,
    pub(super) account: Arc<ServiceAccount>,
    pub(super) priority: Priority,
}

/// Who a token is for: host, account, the public half of its key, what it may do, and whether a lock may be open.
type Holder = (Host, String, String, Scopes, bool);

/// What a token is for (AIC documentation of service account scopes). Each is asked for by itself, so that an
/// account needs no right to promote before it is used to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Scopes {
    /// Configuration and ESVs.
    Configuration,
    /// Promotions and their lock.
    Promotion,
    /// Reading the lock.
    PromotionRead,
}

impl Scopes {
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Configuration => &["fr:am:*", "fr:idc:esv:*"],
            Self::Promotion => &["fr:idc:promotion:*"],
            Self::PromotionRead => &["fr:idc:promotion:read"],
        }
    }
}

/// All tokens. Of many tasks that need one at once, one fetches it. A refusal is cached for a while.
pub(super) struct Tokens {
    http: Http,
    clock: Clock,
    known: SingleFlight<Holder, SecretString, Error>,
}

#[derive(Deserialize)]
struct Answer {
    access_token: SecretString,
    scope: String,
    expires_in: u64,
}

impl Tokens {
    pub(super) fn new(http: Http, clock: Clock) -> Self {
        let known = SingleFlight::new(clock.clone());
        Self { http, clock, known }
    }

    /// A valid token. Work that holds a lock does not wait for another task that fetches one.
    pub(super) async fn get(&self, caller: &Caller, scopes: Scopes) -> Result<SecretString, Error> {
        let is_urgent = caller.priority == Priority::Lock;
        if is_urgent && let Some(token) = self.known.known(holder(caller, scopes, false)) {
            return Ok(token);
        }
        let ask = async || match self.fetch(caller, scopes).await {
            Ok((token, renew_at)) => (Ok(token), renew_at),
            Err(error) => {
                let stands_for = error.stands_for();
                (Err(error), self.clock.instant() + stands_for)
            }
        };
        self.known.get(holder(caller, scopes, is_urgent), ask).await
    }

    /// Forgets a token that the tenant no longer accepts, unless it has been renewed meanwhile.
    pub(super) async fn forget(&self, caller: &Caller, scopes: Scopes, refused: &SecretString) {
        let is_refused = |token: &SecretString| token.expose_secret() == refused.expose_secret();
        for is_urgent in [false, true] {
            self.known
                .forget(holder(caller, scopes, is_urgent), is_refused)
                .await;
        }
    }

    /// `POST /am/oauth2/access_token` (AIC documentation, "Get an access token for a service account").
    async fn fetch(&self, caller: &Caller, scopes: Scopes) -> Result<(SecretString, Instant), Error> {
        // Another clock than ours judges the assertion; what its answers tell of it is used. The first answer may
        // tell that ours is off: then a refusal is worth one more try.
        let host = &caller.host;
        let clock_before = self.http.host_time(host);
        let first = match self.request(caller, scopes).await {
            Err(Error::Token(error)) => error,
            result => return result,
        };
        let learned = self.http.host_time(host).duration_since(clock_before).abs();
        let is_of_another_time = first.status() == Some(400) && learned.as_secs() >= 30;
        if !is_of_another_time && !first.is_cut_off() {
            return Err(Error::Token(first));
        }
        match self.request(caller, scopes).await {
            // The first error says more.
            Err(second) if second.is_down() => Err(Error::Token(first)),
            result => result,
        }
    }

    async fn request(&self, caller: &Caller, scopes: Scopes) -> Result<(SecretString, Instant), Error> {
        // The documentation writes the audience with its port.
        let host = &caller.host;
        let audience = format!("https://{}:{}/am/oauth2/access_token", host.name(), host.port());
        let expires_at = self.http.host_time(host).as_second() + ASSERTION_LIFETIME_SECONDS;
        let assertion = caller
            .account
            .assertion(&audience, expires_at)
            .map_err(|error| Error::Assertion(error.to_string()))?;
        let scope = scopes.names().join(" ");
        let call = Call::new(Method::POST, "/am/oauth2/access_token", "get an AIC access token")
            .form(&[
                ("client_id", "service-account"),
                ("grant_type", GRANT_TYPE),
                ("assertion", assertion.expose_secret()),
                ("scope", &scope),
            ])
            .secret(assertion)
            // A tenant may take an assertion once only (RFC 7523, 3): another try needs another one.
            .once_only()
            .with_priority(caller.priority);
        let started = self.clock.instant();
        let answer: Answer = self
            .http
            .send(host, call)
            .await
            .and_then(|reply| reply.json())
            .map_err(Error::Token)?;
        // The order of scopes is the tenant's choice.
        let granted: BTreeSet<_> = answer.scope.split_whitespace().collect();
        let missing: Vec<_> = scopes
            .names()
            .iter()
            .copied()
            .filter(|scope| !granted.contains(scope) && !granted.contains(all_of(scope).as_str()))
            .collect();
        if !missing.is_empty() {
            return Err(Error::ScopeMissing(missing.join(" ")));
        }
        let lifetime = Duration::from_secs(answer.expires_in).min(LONGEST_LIFETIME);
        // A token so short that it would be renewed at once is used for half its life instead.
        let usable = lifetime
            .checked_sub(RENEW_BEFORE)
            .filter(|d| !d.is_zero())
            .unwrap_or(lifetime / 2);
        Ok((answer.access_token, started + usable))
    }
}

/// The scope that a scope is a part of: `fr:idc:promotion:*` for `fr:idc:promotion:read`.
fn all_of(scope: &str) -> String {
    let (area, _) = scope.rsplit_once(':').unwrap_or((scope, ""));
    format!("{area}:*")
}

fn holder(caller: &Caller, scopes: Scopes, is_urgent: bool) -> Holder {
    let account = &caller.account;
    let (id, modulus) = (account.id().to_owned(), account.modulus().to_owned());
    (caller.host.clone(), id, modulus, scopes, is_urgent)
}
