//! Access tokens: one a service account, shared by all who work with it, renewed before it expires.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Error, ServiceAccount, service_account::ASSERTION_LIFETIME_SECONDS};
use crate::{
    clock::Clock,
    http::{Call, Host, Http},
};

/// What the operator does in a tenant needs these (AIC documentation of service account scopes).
const SCOPES: [&str; 2] = ["fr:am:*", "fr:idc:esv:*"];
/// A token is renewed this long before it expires.
const RENEW_BEFORE: Duration = Duration::from_mins(1);
/// An answer is input: no token is relied on for longer, whatever it says.
const LONGEST_LIFETIME: Duration = Duration::from_hours(24);
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Who a token is for: host, account, and the public half of its key.
type Holder = (Host, String, String);

#[derive(Clone)]
struct Token {
    value: SecretString,
    renew_at: Instant,
}

/// What is known of one holder's token.
#[derive(Default)]
struct Slot {
    token: Option<Token>,
    /// The last refusal, for those who have waited while it came: one call answers them all.
    failed: Option<(Instant, Error)>,
}

/// All tokens.
pub(super) struct Tokens {
    http: Http,
    clock: Clock,
    slots: Mutex<HashMap<Holder, Arc<tokio::sync::Mutex<Slot>>>>,
}

#[derive(Deserialize)]
struct Answer {
    access_token: SecretString,
    scope: String,
    expires_in: u64,
}

impl Tokens {
    pub(super) fn new(http: Http, clock: Clock) -> Self {
        Self {
            http,
            clock,
            slots: Mutex::default(),
        }
    }

    /// A token that is good now. Of many who ask at once, one fetches it and the others wait for it.
    pub(super) async fn get(&self, host: &Host, account: &ServiceAccount) -> Result<SecretString, Error> {
        let asked_at = self.clock.instant();
        let slot = self.slot(host, account);
        let mut slot = slot.lock().await;
        if let Some(token) = slot
            .token
            .as_ref()
            .filter(|token| self.clock.instant() < token.renew_at)
        {
            return Ok(token.value.clone());
        }
        if let Some((_, error)) = slot.failed.as_ref().filter(|(at, _)| *at >= asked_at) {
            return Err(error.clone());
        }
        match self.fetch(host, account).await {
            Ok(token) => {
                let value = token.value.clone();
                *slot = Slot {
                    token: Some(token),
                    failed: None,
                };
                Ok(value)
            }
            Err(error) => {
                slot.failed = Some((self.clock.instant(), error.clone()));
                Err(error)
            }
        }
    }

    /// Forgets a token that the tenant no longer accepts, unless it has been renewed meanwhile.
    pub(super) async fn forget(&self, host: &Host, account: &ServiceAccount, refused: &SecretString) {
        let slot = self.slot(host, account);
        let mut slot = slot.lock().await;
        if slot
            .token
            .as_ref()
            .is_some_and(|token| token.value.expose_secret() == refused.expose_secret())
        {
            slot.token = None;
        }
    }

    /// `POST /am/oauth2/access_token` (AIC documentation, "Get an access token for a service account").
    async fn fetch(&self, host: &Host, account: &ServiceAccount) -> Result<Token, Error> {
        // Another clock than ours judges the assertion; what its answers tell of it is used. The first answer may
        // tell that ours is off: then a refusal is worth one more try.
        let clock_before = self.http.host_time(host);
        match self.request(host, account).await {
            Err(Error::Token(error)) if error.status() == Some(400) => {
                let learned = self.http.host_time(host).duration_since(clock_before).abs();
                if learned.as_secs() < 30 {
                    Err(Error::Token(error))
                } else {
                    self.request(host, account).await
                }
            }
            result => result,
        }
    }

    async fn request(&self, host: &Host, account: &ServiceAccount) -> Result<Token, Error> {
        // The documentation writes the audience with its port.
        let audience = format!("https://{}:{}/am/oauth2/access_token", host.name(), host.port());
        let expires_at = self.http.host_time(host).as_second() + ASSERTION_LIFETIME_SECONDS;
        let assertion = account
            .assertion(&audience, expires_at)
            .map_err(|error| Error::Assertion(error.to_string()))?;
        let scope = SCOPES.join(" ");
        let call = Call::new(Method::POST, "/am/oauth2/access_token", "get an AIC access token")
            .form(&[
                ("client_id", "service-account"),
                ("grant_type", GRANT_TYPE),
                ("assertion", assertion.expose_secret()),
                ("scope", &scope),
            ])
            .secret(assertion);
        let started = self.clock.instant();
        let answer: Answer = self
            .http
            .send(host, call)
            .await
            .and_then(|reply| reply.json())
            .map_err(Error::Token)?;
        // The order of scopes is the tenant's choice.
        let granted: BTreeSet<_> = answer.scope.split_whitespace().collect();
        let missing: Vec<_> = SCOPES
            .into_iter()
            .filter(|scope| !granted.contains(scope))
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
        Ok(Token {
            value: answer.access_token,
            renew_at: started + usable,
        })
    }

    fn slot(&self, host: &Host, account: &ServiceAccount) -> Arc<tokio::sync::Mutex<Slot>> {
        let holder = (
            host.clone(),
            account.id().to_owned(),
            account.modulus().to_owned(),
        );
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.instant();
        // Keys are rotated: who no longer asks is forgotten once its token has run out.
        slots.retain(|known, slot| {
            *known == holder
                || Arc::strong_count(slot) > 1
                || slot
                    .try_lock()
                    .is_ok_and(|slot| slot.token.as_ref().is_some_and(|token| now < token.renew_at))
        });
        Arc::clone(slots.entry(holder).or_default())
    }
}
