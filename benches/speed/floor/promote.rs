//! A stage of a promotion, as fast as the platform goes: lock, dry run, promotion, unlock.

use std::time::Duration;

use pingone_aic_operator::{
    aic::{LockState, Order, RunState},
    http::Guard,
};

use super::Place;

/// Ten calls a second are what a tenant can be expected to bear.
const POLL: Duration = Duration::from_millis(100);

impl Place {
    /// Promotes to this tenant from the one below.
    pub(super) async fn promote(&self) {
        let order = Order {
            promoter: None,
            description: "floor".to_owned(),
            ticket_reference: None,
            ignore_encrypted_secrets: false,
        };
        let free = || Guard::new(|| true);
        let id = self.tenant.lock(free()).await.unwrap();
        self.until_lock(|lock| lock.is_locked_by(&id)).await;
        self.tenant.dry_run(&order, free()).await.unwrap();
        self.until_idle().await;
        // The platform unlocks when it has promoted.
        self.tenant.promote(&order, free()).await.unwrap();
        self.until_lock(LockState::is_unlocked).await;
    }

    async fn until_lock(&self, is_it: impl Fn(&LockState) -> bool) {
        while !is_it(&self.tenant.lock_state().await.unwrap()) {
            tokio::time::sleep(POLL).await;
        }
    }

    async fn until_idle(&self) {
        while self.tenant.promotion_progress().await.unwrap().state() != RunState::Idle {
            tokio::time::sleep(POLL).await;
        }
    }
}
