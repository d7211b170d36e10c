//! A person who takes a lock over while the operator is away.

use pingone_aic_simulator::Tenant;
use pingone_aic_support::company::{Company, Site};

/// A person with a lock of their own.
pub struct Stranger {
    upper: Tenant,
    lock: String,
}

impl Stranger {
    /// A lock of the company's is unlocked at the console, and the environments locked for somebody else: the lowest ones
    /// if there is none. Where something is under way, nobody can.
    pub fn take_over(company: &Company) -> Option<Self> {
        let pairs = company.sites.windows(2);
        let is_held = |pair: &&[Site]| pair.iter().all(|site| site.tenant.is_locked());
        let pair = pairs.clone().find(is_held).or_else(|| pairs.clone().next())?;
        let (lower, upper) = (&pair[0].tenant, &pair[1].tenant);
        if upper.is_promoting() {
            return None;
        }
        for tenant in [lower, upper] {
            tenant.console().unlock();
        }
        let lock = upper.console().try_lock()?;
        Some(Self {
            upper: upper.clone(),
            lock,
        })
    }

    /// They unlock again; their lock is as they left it. Where it may be gone and is, it is told.
    pub fn leave(self, may_be_gone: bool) -> Result<Option<String>, String> {
        if self.upper.locked_by().as_ref() == Some(&self.lock) {
            self.upper.console().begin_unlock(&self.lock);
            return Ok(None);
        }
        if may_be_gone {
            Ok(Some(self.lock))
        } else {
            Err("a stranger's lock is gone".to_owned())
        }
    }
}
