//! Two environments of a promotion group, and time.

use std::time::Duration;

use pingone_aic_simulator::tenant::Group;
use pingone_aic_simulator::{Mutability, Network};
use serde_json::{Value, json};

use crate::caller::{ALL_SCOPES, Caller, HOST, PROMOTION, Reply, credential_label};

pub(super) const UPPER: &str = "openam-mycompany-ew2-staging.id.forgerock.io";

pub(super) const STATE: &str = "/environment/promotion/lock/state";
pub(super) const LOCAL_STATE: &str = "/environment/promotion/lock/state?localLockOnly=true";
pub(super) const LOCK: &str = "/environment/promotion/lock";
pub(super) const PROMOTE: &str = "/environment/promotion/promote";
pub(super) const ROLLBACK: &str = "/environment/promotion/rollback";
pub(super) const REPORT: &str = "/environment/promotion/report";
pub(super) const REPORTS: &str = "/environment/promotion/reports";

/// The environment below has a worker, whose label is mapped to an ESV that both have.
pub(super) struct Neighbours {
    pub(super) lower: Caller,
    pub(super) upper: Caller,
    pub(super) group: Group,
}

impl Neighbours {
    pub(super) async fn start() -> Self {
        let network = Network::start().await;
        let lower = Caller::at(&network, HOST, Mutability::Mutable, &ALL_SCOPES).await;
        let upper = Caller::at(&network, UPPER, Mutability::Immutable, &ALL_SCOPES).await;
        let group = network.group(&[&lower.tenant, &upper.tenant]);
        lower.enable_worker_service("alpha").await;
        lower.create_worker("alpha", "a", "A").await;
        lower
            .map("alpha", &credential_label("A"), "esv-a")
            .await
            .expect(201);
        lower.create_secret("esv-a", "of the lower").await;
        upper.create_secret("esv-a", "of the upper").await;
        Self { lower, upper, group }
    }

    /// Lets time pass, and logs in again: tokens do not outlive it.
    pub(super) async fn pass(&mut self, seconds: u64) {
        self.upper.network.clock().advance(Duration::from_secs(seconds));
        self.lower.log_in(&ALL_SCOPES).await;
        self.upper.log_in(&ALL_SCOPES).await;
    }

    /// Locks both and waits for it; the promotion id.
    pub(super) async fn lock(&mut self) -> String {
        let begun = self.post(LOCK, &json!({})).await.expect(202);
        self.pass(120).await;
        text(&begun["promotionId"])
    }

    /// Starts a dry run or a promotion and waits for its end.
    pub(super) async fn promote(&mut self, order: &Value) {
        self.post(PROMOTE, order).await.expect(202);
        let seconds = if order["dryRun"] == true { 180 } else { 600 };
        self.pass(seconds).await;
    }

    /// Locks, promotes and unlocks.
    pub(super) async fn promote_at_once(&mut self) {
        self.lock().await;
        let order = json!({"dryRun": false, "unlockEnvironmentsAfterPromotion": true});
        self.promote(&order).await;
        self.pass(60).await;
    }

    /// Asks the upper environment.
    pub(super) async fn get(&self, path: &str) -> Reply {
        self.upper.get(path, PROMOTION).await
    }

    /// Orders something in the upper environment.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.upper.post(path, PROMOTION, body).await
    }

    pub(super) async fn unlock(&self, promotion_id: &str) -> Reply {
        self.upper
            .delete(&format!("{LOCK}/{promotion_id}"), PROMOTION)
            .await
    }

    /// The result of the lock's state, then that of the lower and of the upper environment.
    pub(super) async fn lock_states(&self) -> [String; 3] {
        let state = self.get(STATE).await.expect(200);
        [
            text(&state["result"]),
            text(&state["lowerEnv"]["state"]),
            text(&state["upperEnv"]["state"]),
        ]
    }

    /// The status of promotions, with its message and the global lock.
    pub(super) async fn status(&self) -> [String; 3] {
        let progress = self.get(PROMOTE).await.expect(200);
        ["status", "message", "globalLock"].map(|name| text(&progress[name]))
    }

    /// How many reports there are.
    pub(super) async fn reports(&self) -> usize {
        self.get(REPORTS).await.expect(200).as_array().unwrap().len()
    }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
