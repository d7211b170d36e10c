//! A promotion group: environments in order, of which each pulls from the one below it.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use http::StatusCode;

use super::super::{Inner, Mutability, Tenant};

/// A promotion group, and what is the same in all of it. Clones are the same group.
#[derive(Clone, Debug, Default)]
pub struct Group(Arc<Mutex<Settings>>);

/// How long things take, by the network's clock.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// From the request to the locks on both sides.
    pub lock: Duration,
    /// A dry run.
    pub dry_run: Duration,
    /// A promotion or a rollback.
    pub promotion: Duration,
    /// From the request to no lock on either side.
    pub unlock: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            lock: Duration::from_mins(2),
            dry_run: Duration::from_mins(3),
            promotion: Duration::from_mins(10),
            unlock: Duration::from_mins(1),
        }
    }
}

/// The side of a promotion that answers with the provisional report; the other refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProvisionalSide {
    /// The environment that changes wait in.
    #[default]
    Lower,
    /// The environment that they go to.
    Upper,
}

#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) times: Times,
    pub(super) report_lag: Duration,
    pub(super) provisional_side: ProvisionalSide,
    pub(super) provisional_refusal: StatusCode,
    pub(super) lock_sides: bool,
    pub(super) running_status: &'static str,
    pub(super) dry_runs_block: bool,
    pub(super) removes_while_running: bool,
    pub(super) newest_first: bool,
    /// How many more ESV calls are refused before the lock goes.
    pub(super) esv_refusals: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            times: Times::default(),
            report_lag: Duration::ZERO,
            provisional_side: ProvisionalSide::default(),
            provisional_refusal: StatusCode::NOT_FOUND,
            lock_sides: true,
            running_status: "RUNNING",
            dry_runs_block: false,
            removes_while_running: false,
            newest_first: true,
            esv_refusals: None,
        }
    }
}

/// Where an environment stands in its group. Weak, for neighbours know each other: the network holds them.
#[derive(Debug)]
pub(in super::super) struct Place {
    group: Group,
    lower: Weak<Inner>,
    upper: Weak<Inner>,
}

impl Group {
    /// Puts the environments into one group, the lowest first.
    pub(crate) fn form(order: &[&Tenant]) -> Self {
        assert!(order.len() > 1, "a group has at least two environments");
        let group = Self::default();
        let neighbour = |index: Option<usize>| {
            let neighbour = index.and_then(|index| order.get(index));
            neighbour.map_or_else(Weak::new, |tenant| Arc::downgrade(&tenant.0))
        };
        for (index, tenant) in order.iter().enumerate() {
            let expected = if index == 0 {
                Mutability::Mutable
            } else {
                Mutability::Immutable
            };
            let host = tenant.host();
            assert_eq!(tenant.0.mutability, expected, "the mutability of {host}");
            let place = Place {
                group: group.clone(),
                lower: neighbour(index.checked_sub(1)),
                upper: neighbour(Some(index + 1)),
            };
            assert!(tenant.0.place.set(place).is_ok(), "{host} is in a group already");
        }
        group
    }

    /// Sets how long things take that begin from now on.
    pub fn set_times(&self, times: Times) {
        self.change(|settings| settings.times = times);
    }

    /// Sets how long after its end a run that begins from now on is reported; at its end by default.
    pub fn set_report_lag(&self, lag: Duration) {
        self.change(|settings| settings.report_lag = lag);
    }

    /// Sets which side answers with the provisional report, which is disputed.
    pub fn set_provisional_side(&self, side: ProvisionalSide) {
        self.change(|settings| settings.provisional_side = side);
    }

    /// Sets the status with which the other side refuses it, which nobody has told either. 404 by default.
    pub fn set_provisional_refusal(&self, status: StatusCode) {
        self.change(|settings| settings.provisional_refusal = status);
    }

    /// Sets whether the state of a lock tells of its two sides, as it does by default: the description leaves that open.
    pub fn set_lock_sides(&self, told: bool) {
        self.change(|settings| settings.lock_sides = told);
    }

    /// Sets the status of a run that is under way: `RUNNING` by default, and `IN_PROGRESS` to one client.
    pub fn set_running_status(&self, status: &'static str) {
        self.change(|settings| settings.running_status = status);
    }

    /// Sets whether what a dry run finds is a blocking error of the dry run itself.
    pub fn set_dry_runs_block(&self, block: bool) {
        self.change(|settings| settings.dry_runs_block = block);
    }

    /// Sets whether a lock can be removed while something runs under it, which is refused by default: nobody has told.
    pub fn set_removes_while_running(&self, removes: bool) {
        self.change(|settings| settings.removes_while_running = removes);
    }

    /// Sets whether the list of reports begins with the newest, as it does since July 2026.
    pub fn set_newest_report_first(&self, newest_first: bool) {
        self.change(|settings| settings.newest_first = newest_first);
    }

    /// Once this many ESV calls of the group have been refused because of a lock, from now on, that lock goes from
    /// both its sides at once: who looks at it after the refusal finds it unlocked.
    pub fn unlock_after_esv_refusals(&self, refusals: u32) {
        self.change(|settings| settings.esv_refusals = Some(refusals));
    }

    /// Counts a refusal; whether it was the one that ends the lock.
    fn is_last_esv_refusal(&self) -> bool {
        let mut last = false;
        self.change(|settings| {
            settings.esv_refusals = settings.esv_refusals.and_then(|left| {
                last = left <= 1;
                (!last).then(|| left - 1)
            });
        });
        last
    }

    fn change(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Tenant {
    /// The environment below, from which this one pulls.
    pub(super) fn lower(&self) -> Option<Self> {
        self.0.place.get()?.lower.upgrade().map(Self)
    }

    /// The environment above, which pulls from this one.
    pub(super) fn upper(&self) -> Option<Self> {
        self.0.place.get()?.upper.upgrade().map(Self)
    }

    /// Counts an ESV call that was refused because of a lock. Nothing may be held meanwhile.
    pub(in super::super) fn count_esv_refusal(&self) {
        if !self
            .0
            .place
            .get()
            .is_some_and(|place| place.group.is_last_esv_refusal())
        {
            return;
        }
        let Some(id) = self.locked_by() else { return };
        for tenant in self.lower().into_iter().chain([self.clone()]).chain(self.upper()) {
            let lock = &mut tenant.state().lock;
            if lock.holds(&id) {
                lock.free();
            }
        }
    }

    pub(super) fn settings(&self) -> Settings {
        let Some(place) = self.0.place.get() else {
            return Settings::default();
        };
        *place.group.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
