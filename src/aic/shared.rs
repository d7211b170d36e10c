//! What integrations of one tenant share, and for how long.
//!
//! - An access token: until a minute before it expires, or until the tenant refuses it.
//! - The name of the label's attribute: until a worker differs, for an upgrade of the tenant may have renamed it.
//! - That a realm's worker service is enabled: for [`SERVICE_STANDS`], or until the operator writes it; not in a check that
//!   a person asks for.
//!
//! Nothing else is shared: whose an ESV, a worker or a mapping is, each integration asks the tenant itself before it
//! writes.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::{LabelAttribute, token::Tokens};
use crate::{
    api::Realm,
    clock::Clock,
    http::{Host, Http},
};

/// A service that somebody disables is noticed this much later at most. It is shorter than the shortest interval, so that
/// an integration alone asks at each of its checks.
const SERVICE_STANDS: Duration = Duration::from_secs(30);

pub(super) struct Shared {
    pub(super) http: Http,
    pub(super) tokens: Tokens,
    clock: Clock,
    label_attributes: Mutex<HashMap<Host, LabelAttribute>>,
    /// When a realm's service was last seen enabled.
    enabled_services: Mutex<HashMap<(Host, Realm), Instant>>,
}

impl Shared {
    pub(super) fn new(http: Http, clock: Clock) -> Self {
        Self {
            tokens: Tokens::new(http.clone(), clock.clone()),
            http,
            clock,
            label_attributes: Mutex::default(),
            enabled_services: Mutex::default(),
        }
    }

    pub(super) fn label_attribute(&self, host: &Host) -> Option<LabelAttribute> {
        self.label_attributes.lock().get(host).cloned()
    }

    pub(super) fn remember_label_attribute(&self, host: &Host, attribute: &LabelAttribute) {
        let mut known = self.label_attributes.lock();
        known.insert(host.clone(), attribute.clone());
    }

    pub(super) fn forget_label_attribute(&self, host: &Host) {
        self.label_attributes.lock().remove(host);
    }

    pub(super) fn has_seen_service_enabled(&self, host: &Host, realm: Realm) -> bool {
        let seen = self.enabled_services.lock();
        let now = self.clock.instant();
        seen.get(&(host.clone(), realm))
            .is_some_and(|at| now.duration_since(*at) < SERVICE_STANDS)
    }

    /// Remembers what a read of the service showed; `false` also before a write.
    pub(super) fn remember_service(&self, host: &Host, realm: Realm, is_enabled: bool) {
        let key = (host.clone(), realm);
        let mut seen = self.enabled_services.lock();
        if is_enabled {
            seen.insert(key, self.clock.instant());
        } else {
            seen.remove(&key);
        }
    }
}
