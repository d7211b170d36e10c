//! Whether an environment is locked for a promotion (OpenAPI description, `/environment/promotion/lock/state`).

use http::Method;
use serde::Deserialize;

use super::{
    Error, Tenant,
    esv::{ACCEPT_API_VERSION, API_VERSION},
    token::Scopes,
};
use crate::http::Call;

/// What the tenant says of its lock.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LockState {
    result: String,
}

impl LockState {
    /// Whether static configuration can be written. A state that is not known counts as locked.
    #[must_use]
    pub fn is_unlocked(&self) -> bool {
        self.result == "unlocked"
    }
}

impl Tenant {
    /// Reads the state of this environment's lock: `GET /environment/promotion/lock/state?localLockOnly=true`.
    pub async fn lock_state(&self) -> Result<LockState, Error> {
        // Of this environment alone: development has none below it that could be asked about, too.
        let path = "/environment/promotion/lock/state?localLockOnly=true";
        let call = Call::new(Method::GET, path, "read the state of the promotion lock")
            .header(ACCEPT_API_VERSION, API_VERSION);
        Ok(self.send_as(Scopes::Promotion, call).await?.json()?)
    }
}
