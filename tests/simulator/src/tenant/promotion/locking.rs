//! `/environment/promotion/lock`: its state, taking it, giving it back.

use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::Tenant;
use super::super::refusal::platform;
use super::lock::{Lock, LockState};
use super::pair::Pair;
use super::{conflict, lower_of};
use crate::message::{Answer, Outcome, Request};

/// `GET …/lock/state`
pub(super) fn state(tenant: &Tenant, request: &Request) -> Outcome {
    let answer = match request.query("localLockOnly").as_deref() {
        Some("true") => {
            let lock = &tenant.state().lock;
            to_json(lock.state(), lock)
        }
        None | Some("false") => {
            let lower = lower_of(tenant)?;
            let pair = Pair::of(&lower, tenant);
            let mut answer = to_json(pair.lock_state(), &pair.upper.lock);
            if tenant.settings().lock_sides {
                answer["lowerEnv"] = side_to_json(&pair.lower.lock);
                answer["upperEnv"] = side_to_json(&pair.upper.lock);
            }
            answer
        }
        Some(_) => {
            let message = "localLockOnly must be true or false";
            return Err(platform(StatusCode::BAD_REQUEST, message));
        }
    };
    Ok(Answer::json(StatusCode::OK, &answer))
}

/// `POST …/lock`
pub(super) fn lock(tenant: &Tenant) -> Outcome {
    let id = begin_lock(tenant)?;
    Ok(accepted(&id, LockState::Locking, "Environment lock in progress"))
}

/// `DELETE …/lock/{promotionId}`
pub(super) fn unlock(tenant: &Tenant, promotion_id: &str) -> Outcome {
    let lower = lower_of(tenant)?;
    let mut pair = Pair::of(&lower, tenant);
    let held = pair.lower.lock.holds(promotion_id) || pair.upper.lock.holds(promotion_id);
    match pair.lock_state() {
        LockState::Unlocked if pair.upper.lock.promotion_id() == Some(promotion_id) => {
            let answer = to_json(LockState::Unlocked, &pair.upper.lock);
            return Ok(Answer::json(StatusCode::OK, &answer));
        }
        // [assumed] An id that is not that of the lock, and a promotion under way, are conflicts too.
        _ if !held => return Err(conflict("The environment is not locked by this promotion")),
        LockState::Locking | LockState::Unlocking => {
            return Err(conflict("Environment is currently locking or unlocking"));
        }
        _ if pair.upper.promotions.is_running() => {
            pair.upper.promotions.removals_while_running += 1;
            if !tenant.settings().removes_while_running {
                return Err(conflict("A promotion is running"));
            }
        }
        _ => {}
    }
    pair.release(promotion_id, tenant.network_now(), tenant.settings().times.unlock);
    Ok(accepted(
        promotion_id,
        LockState::Unlocking,
        "Environment unlocking in progress",
    ))
}

/// Begins to lock the environment and the one below; the promotion id. [assumed] One side is done before the
/// other, as when they are unlocked.
pub(super) fn begin_lock(tenant: &Tenant) -> Result<String, Answer> {
    let lower = lower_of(tenant)?;
    let mut pair = Pair::of(&lower, tenant);
    if pair.lock_state() != LockState::Unlocked || pair.upper.promotions.is_running() {
        return Err(conflict("Environment is not in unlocked state"));
    }
    let id = Uuid::new_v4().to_string();
    let (now, takes) = (tenant.network_now(), tenant.settings().times.lock);
    let end = if std::mem::take(&mut pair.upper.promotions.next_lock_fails) {
        LockState::Error
    } else {
        LockState::Locked
    };
    pair.upper.lock.begin(&id, now + takes / 2, end);
    pair.lower.lock.begin(&id, now + takes, LockState::Locked);
    Ok(id)
}

fn accepted(promotion_id: &str, result: LockState, description: &str) -> Answer {
    Answer::json(
        StatusCode::ACCEPTED,
        &json!({"result": result.to_string(), "promotionId": promotion_id, "description": description}),
    )
}

fn to_json(state: LockState, lock: &Lock) -> Value {
    let description = match state {
        LockState::Unlocked => "Environment unlocked",
        LockState::Locking => "Environment lock in progress",
        LockState::Locked => "Environment locked",
        LockState::Unlocking => "Environment unlocking in progress",
        LockState::Error => "Failed to lock or to unlock the environment",
    };
    with_id(
        json!({"result": state.to_string(), "description": description}),
        lock,
    )
}

/// [assumed] What the proxy says is what the environment says.
fn side_to_json(lock: &Lock) -> Value {
    let state = lock.state().to_string();
    with_id(json!({"proxyState": state, "state": state}), lock)
}

fn with_id(mut answer: Value, lock: &Lock) -> Value {
    if let Some(id) = lock.promotion_id() {
        answer["promotionId"] = id.into();
    }
    answer
}
