//! A tenant as a service account sees it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{
    LabelAttribute, ServiceAccount,
    token::{Scopes, Tokens},
};
use crate::{
    clock::Clock,
    http::{self, Call, Host, Http, Lane, Outcome, REFUSAL_STANDS_FOR, Reply},
};

/// Clients for all tenants.
#[derive(Clone)]
pub struct Aic {
    shared: Arc<Shared>,
}

struct Shared {
    http: Http,
    tokens: Tokens,
    label_attributes: Mutex<HashMap<Host, LabelAttribute>>,
}

/// A client for one tenant.
#[derive(Clone)]
pub struct Tenant {
    shared: Arc<Shared>,
    host: Host,
    account: Arc<ServiceAccount>,
    lane: Lane,
}

/// Why a tenant did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No access token was given; nothing else was sent.
    #[error(transparent)]
    Token(http::Error),
    /// The assertion could not be signed; nothing was sent.
    #[error("failed to sign the service account's assertion: {0}")]
    Assertion(String),
    /// The access token lacks scopes; nothing else was sent.
    #[error("the service account lacks the scopes {0}: add them in the tenant's console")]
    ScopeMissing(String),
    /// The call itself failed.
    #[error(transparent)]
    Call(#[from] http::Error),
}

impl Error {
    /// Whether the call had an effect.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Call(error) => error.outcome(),
            Self::Token(_) | Self::Assertion(_) | Self::ScopeMissing(_) => Outcome::NotDone,
        }
    }

    /// Whether a refusal may be that of a lock, which blocks ESVs and static configuration alike. Its status is assumed to
    /// be 403; any other refusal of the tenant's will do, but for those that have a meaning of their own.
    #[must_use]
    pub fn may_be_a_lock(&self) -> bool {
        matches!(self, Self::Call(error) if matches!(error.status(), Some(status @ 400..=499) if ![401, 408, 429].contains(&status)))
    }

    /// How long the same question need not be asked again.
    pub(super) fn stands_for(&self) -> Duration {
        match self {
            Self::Call(error) | Self::Token(error) => error.stands_for(),
            Self::ScopeMissing(_) => REFUSAL_STANDS_FOR,
            Self::Assertion(_) => Duration::ZERO,
        }
    }

    /// Whether nothing was sent, because the tenant did not answer before.
    #[must_use]
    pub fn is_down(&self) -> bool {
        matches!(self, Self::Call(error) | Self::Token(error) if error.is_down())
    }

    /// How long the tenant is left alone.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        match self {
            Self::Call(error) | Self::Token(error) => error.wait(),
            Self::Assertion(_) | Self::ScopeMissing(_) => None,
        }
    }
}

impl Aic {
    /// Clients on the given stack.
    #[must_use]
    pub fn new(http: Http, clock: Clock) -> Self {
        let tokens = Tokens::new(http.clone(), clock);
        Self {
            shared: Arc::new(Shared {
                http,
                tokens,
                label_attributes: Mutex::default(),
            }),
        }
    }

    /// Whether a tenant's host may be called.
    pub fn check_allowed(&self, host: &Host) -> Result<(), http::Error> {
        self.shared.http.check_allowed(host)
    }

    /// A client for one tenant.
    #[must_use]
    pub fn tenant(&self, host: Host, account: Arc<ServiceAccount>) -> Tenant {
        Tenant {
            shared: Arc::clone(&self.shared),
            host,
            account,
            lane: Lane::default(),
        }
    }
}

impl Tenant {
    /// The same client, whose calls take the turns of another lane.
    #[must_use]
    pub fn in_lane(mut self, lane: Lane) -> Self {
        self.lane = lane;
        self
    }

    /// The tenant's host.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The account by which it is seen.
    #[must_use]
    pub fn account(&self) -> &Arc<ServiceAccount> {
        &self.account
    }

    /// Whose turns its calls take.
    pub(super) fn lane(&self) -> Lane {
        self.lane
    }

    /// The tenant's own clock.
    #[must_use]
    pub fn time(&self) -> k8s_openapi::jiff::Timestamp {
        self.shared.http.host_time(&self.host)
    }

    /// Makes a call on configuration or ESVs.
    pub(super) async fn send(&self, call: Call) -> Result<Reply, Error> {
        self.send_as(Scopes::Configuration, call).await
    }

    /// Makes a call with the account's token. A token that is refused (expired early, revoked) is replaced once:
    /// 401 means that the call was not done, so that even a call that must not be repeated may be sent again.
    pub(super) async fn send_as(&self, scopes: Scopes, call: Call) -> Result<Reply, Error> {
        let Shared { http, tokens, .. } = &*self.shared;
        let call = call.in_lane(self.lane);
        let token = tokens.get(self, scopes).await?;
        match http.send(&self.host, call.clone().bearer(&token)).await {
            Err(error) if error.status() == Some(401) => {
                tokens.forget(self, scopes, &token).await;
                let token = tokens.get(self, scopes).await?;
                Ok(http.send(&self.host, call.bearer(&token)).await?)
            }
            result => Ok(result?),
        }
    }

    /// Whether the tenant gives the account a token for promotions. It is kept, so that the next call costs no other.
    pub async fn accepts_account(&self) -> bool {
        self.shared.tokens.get(self, Scopes::Promotion).await.is_ok()
    }

    pub(super) fn known_label_attribute(&self) -> Option<LabelAttribute> {
        self.shared
            .label_attributes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&self.host)
            .cloned()
    }

    pub(super) fn remember_label_attribute(&self, attribute: &LabelAttribute) {
        let mut known = self
            .shared
            .label_attributes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        known.insert(self.host.clone(), attribute.clone());
    }
}
