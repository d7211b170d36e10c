//! A client for a tenant, with a service account.

use std::sync::Arc;

use super::{
    Error, ServiceAccount,
    shared::Shared,
    token::{Caller, Scopes},
};
use crate::{
    clock::Clock,
    http::{self, Call, Guard, Host, Http, Priority, Reply},
};

/// Clients for all tenants.
#[derive(Clone)]
pub struct Aic {
    shared: Arc<Shared>,
}

/// A client for one tenant.
#[derive(Clone)]
pub struct Tenant {
    pub(super) shared: Arc<Shared>,
    caller: Caller,
    /// Checked before each write.
    guard: Option<Guard>,
}

impl Aic {
    /// Clients on the given stack.
    #[must_use]
    pub fn new(http: Http, clock: Clock) -> Self {
        Self {
            shared: Arc::new(Shared::new(http, clock)),
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
            caller: Caller {
                host,
                account,
                priority: Priority::default(),
            },
            guard: None,
        }
    }
}

impl Tenant {
    /// The same client with another priority.
    #[must_use]
    pub fn with_priority(mut self, priority: Priority) -> Self {
        self.caller.priority = priority;
        self
    }

    /// The same client with a guard for its writes.
    #[must_use]
    pub fn guarded(mut self, guard: Guard) -> Self {
        self.guard = Some(guard);
        self
    }

    /// The tenant's host.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.caller.host
    }

    /// Its service account.
    #[must_use]
    pub fn account(&self) -> &Arc<ServiceAccount> {
        &self.caller.account
    }

    /// The tenant's clock.
    #[must_use]
    pub fn time(&self) -> k8s_openapi::jiff::Timestamp {
        self.shared.http.host_time(&self.caller.host)
    }

    /// Makes a call on configuration or ESVs.
    pub(super) async fn send(&self, call: Call) -> Result<Reply, Error> {
        self.send_as(Scopes::Configuration, call).await
    }

    /// Makes a call with the account's token. A token that is refused (expired early, revoked) is replaced once:
    /// 401 means that the call was not done, so that even a call that must not be repeated may be sent again.
    pub(super) async fn send_as(&self, scopes: Scopes, call: Call) -> Result<Reply, Error> {
        let Shared { http, tokens, .. } = &*self.shared;
        let caller = &self.caller;
        let call = call
            .with_priority(self.caller.priority)
            .guarded_if_it_writes(self.guard.as_ref());
        let token = tokens.get(caller, scopes).await?;
        match http.send(&self.caller.host, call.clone().bearer(&token)).await {
            Err(error) if error.status() == Some(401) => {
                tokens.forget(caller, scopes, &token).await;
                let token = tokens.get(caller, scopes).await?;
                Ok(http.send(&self.caller.host, call.bearer(&token)).await?)
            }
            result => Ok(result?),
        }
    }

    /// Whether the tenant gives the account a token for promotions. It is kept, so that the next call costs no other.
    pub async fn accepts_account(&self) -> bool {
        self.shared
            .tokens
            .get(&self.caller, Scopes::Promotion)
            .await
            .is_ok()
    }
}
