//! The lock of two neighbouring environments, which blocks their configuration for a promotion.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::{call, null_as_default};
use crate::{
    aic::{Error, Tenant, token::Scopes},
    http::Guard,
};

/// The state of a lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LockStatus {
    /// Configuration can be changed.
    Unlocked,
    /// Being locked.
    Locking,
    /// Locked.
    Locked,
    /// Being unlocked.
    Unlocking,
    /// Locking or unlocking has failed.
    Error,
    /// An unknown state, which counts as locked.
    #[default]
    #[serde(other)]
    Unknown,
}

/// One environment's own lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LockSide {
    /// Its state.
    #[serde(default, deserialize_with = "null_as_default")]
    pub state: LockStatus,
    /// The promotion that it is, or was last, locked for.
    #[serde(default)]
    pub promotion_id: Option<String>,
}

/// What the upper environment says of the lock of both.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LockState {
    /// The state of both as one.
    pub result: LockStatus,
    /// The promotion that it is, or was last, locked for.
    #[serde(default)]
    pub promotion_id: Option<String>,
    /// The lower environment; not there where one environment was asked about itself.
    #[serde(default)]
    pub lower_env: Option<LockSide>,
    /// The upper environment.
    #[serde(default)]
    pub upper_env: Option<LockSide>,
}

/// The id of a lock, as a POST or a DELETE answers it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Accepted {
    promotion_id: String,
}

impl LockState {
    /// Whether configuration can be changed, in each environment that was asked about.
    #[must_use]
    pub fn is_unlocked(&self) -> bool {
        self.result == LockStatus::Unlocked && self.sides().all(|side| side.state == LockStatus::Unlocked)
    }

    /// Whether locking or unlocking has failed somewhere.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.result == LockStatus::Error || self.sides().any(|side| side.state == LockStatus::Error)
    }

    /// The two environments, as far as they were told of.
    pub fn sides(&self) -> impl Iterator<Item = &LockSide> {
        self.lower_env.iter().chain(&self.upper_env)
    }

    /// The ids under which something is taken: the environments' own, or, where they name none, that of both as one.
    fn taken_by(&self) -> impl Iterator<Item = &str> {
        let names_none = self.sides().all(|side| side.promotion_id.is_none());
        let as_one = (names_none && self.result != LockStatus::Unlocked)
            .then_some(self.promotion_id.as_deref())
            .flatten();
        self.sides()
            .filter(|side| side.state != LockStatus::Unlocked)
            .filter_map(|side| side.promotion_id.as_deref())
            .chain(as_one)
    }

    /// Whether something is taken under this id.
    #[must_use]
    pub fn shows(&self, id: &str) -> bool {
        self.taken_by().any(|taken| taken == id)
    }

    /// Whether nothing is taken under this id any more: all is unlocked, or taken under another.
    #[must_use]
    pub fn is_free_of(&self, id: &str) -> bool {
        self.is_unlocked() || (!self.shows(id) && self.taken_by().next().is_some())
    }

    /// Whether both environments are locked under this id.
    #[must_use]
    pub fn is_locked_by(&self, id: &str) -> bool {
        let mut sides = self.sides();
        self.result == LockStatus::Locked
            && self.sides().count() == 2
            && sides.all(|side| side.state == LockStatus::Locked && side.promotion_id.as_deref() == Some(id))
    }

    /// The id that both environments show, if neither is unlocked.
    #[must_use]
    pub fn common_id(&self) -> Option<&str> {
        let (lower, upper) = (self.lower_env.as_ref()?, self.upper_env.as_ref()?);
        let id = upper.promotion_id.as_deref()?;
        let is_taken = self.sides().all(|side| side.state != LockStatus::Unlocked);
        (is_taken && lower.promotion_id.as_deref() == Some(id)).then_some(id)
    }
}

impl Tenant {
    /// Reads this environment's own lock: `GET /environment/promotion/lock/state?localLockOnly=true`. Development
    /// has no environment below it that could be asked about, too. An account that may only read promotions will do.
    pub async fn own_lock_state(&self) -> Result<LockState, Error> {
        let call = call(
            Method::GET,
            "lock/state?localLockOnly=true",
            "read the state of the promotion lock",
        );
        Ok(self.send_as(Scopes::PromotionRead, call).await?.json()?)
    }

    /// Reads the lock of this environment and the one below: `GET /environment/promotion/lock/state`.
    pub async fn lock_state(&self) -> Result<LockState, Error> {
        let call = call(Method::GET, "lock/state", "read the state of the promotion lock");
        Ok(self.send_promotion(call).await?.json()?)
    }

    /// Locks this environment and the one below: `POST /environment/promotion/lock`. Its answer holds the only key,
    /// the promotion's id. The load balancer in front of the tenant refuses a POST without Content-Length (recorded),
    /// so that it has a body, although there is nothing to say.
    pub async fn lock(&self, guard: Guard) -> Result<String, Error> {
        let call = call(Method::POST, "lock", "lock the environments for a promotion")
            .once_only()
            .guarded(guard)
            .json(&json!({}));
        let Accepted { promotion_id } = self.send_promotion(call).await?.json()?;
        Ok(promotion_id)
    }

    /// Releases a lock: `DELETE /environment/promotion/lock/{promotionId}`. Only reading shows whether it is gone, so
    /// a conflict is an answer, too. A lock that is proved ours needs no guard.
    pub async fn unlock(&self, promotion_id: &str, guard: Option<Guard>) -> Result<(), Error> {
        let id = url::form_urlencoded::byte_serialize(promotion_id.as_bytes()).collect::<String>();
        let mut call = call(
            Method::DELETE,
            &format!("lock/{id}"),
            "unlock the environments after a promotion",
        )
        .accept(StatusCode::CONFLICT);
        if let Some(guard) = guard {
            call = call.guarded(guard);
        }
        self.send_promotion(call).await.map(drop)
    }
}
