//! Two neighbours at one moment: what a lock and a promotion are about.

use std::mem;
use std::sync::MutexGuard;
use std::time::Duration;

use jiff::Timestamp;

use super::super::Tenant;
use super::super::state::State;
use super::lock::LockState;

pub(super) struct Pair<'a> {
    pub(super) lower: MutexGuard<'a, State>,
    pub(super) upper: MutexGuard<'a, State>,
}

impl<'a> Pair<'a> {
    /// Takes hold of both, after what the time has brought.
    pub(super) fn of(lower: &'a Tenant, upper: &'a Tenant) -> Self {
        lower.settle();
        upper.settle();
        Self::as_they_are(lower, upper)
    }

    /// Takes hold of both, the lower one first, as everybody does: so nobody waits in a circle.
    pub(super) fn as_they_are(lower: &'a Tenant, upper: &'a Tenant) -> Self {
        Self {
            lower: lower.state_as_it_is(),
            upper: upper.state_as_it_is(),
        }
    }

    /// Begins to unlock what is locked under this promotion id. [assumed] One side is done before the other.
    pub(super) fn release(&mut self, promotion_id: &str, begun: Timestamp, takes: Duration) {
        let end = if mem::take(&mut self.upper.promotions.next_unlock_fails) {
            LockState::Error
        } else {
            LockState::Unlocked
        };
        self.upper.lock.release(promotion_id, begun + takes / 2, end);
        self.lower
            .lock
            .release(promotion_id, begun + takes, LockState::Unlocked);
    }

    /// The state of the two locks as one. [assumed] What is locked on one side only counts as locked.
    pub(super) fn lock_state(&self) -> LockState {
        let states = [self.lower.lock.state(), self.upper.lock.state()];
        let any = |state: LockState| states.contains(&state);
        if any(LockState::Error) {
            LockState::Error
        } else if any(LockState::Unlocking) {
            LockState::Unlocking
        } else if any(LockState::Locking) {
            LockState::Locking
        } else if any(LockState::Locked) {
            LockState::Locked
        } else {
            LockState::Unlocked
        }
    }

    /// The promotion id under which both are locked.
    pub(super) fn locked_by(&self) -> Option<&str> {
        let (lower, upper) = (&self.lower.lock, &self.upper.lock);
        let locked = lower.state() == LockState::Locked && upper.state() == LockState::Locked;
        upper
            .promotion_id()
            .filter(|id| locked && lower.promotion_id() == Some(id))
    }
}
