//! Looks at an environment: its lock, its run and its reports, as far as the next decision reads them.

use k8s_openapi::jiff::Timestamp;

use super::{
    protocol::{Reports, Rules, Sight, reads_reports, reads_run},
    reports::{self, Blind, Wanted},
};
use crate::{
    aic::Tenant,
    api::{Action, StageStatus, Step},
    controller::promotion_registry::PromotionRegistry,
};

/// What the tenant shows now, and the reports that were ignored. The lock first: what is read after it is at least as new.
pub(super) async fn look(
    tenant: &Tenant,
    runs: &PromotionRegistry,
    stage: &StageStatus,
    rules: &Rules<'_>,
    ignored: &[&str],
    now: Timestamp,
) -> Result<(Sight, Vec<String>), Blind> {
    let mut sight = Sight::of_lock(tenant.lock_state().await?);
    if !reads_run(stage, &sight.lock) {
        return Ok((sight, Vec::new()));
    }
    sight.run = tenant.promotion_progress().await?;
    let reads = reads_reports(stage, &sight, rules, now);
    if reads == Reports::NotNeeded {
        return Ok((sight, Vec::new()));
    }
    let lock = &sight.lock;
    let shown = lock.sides().filter_map(|side| side.promotion_id.as_deref());
    let own = stage.lock.as_ref().and_then(|lock| lock.id.as_deref());
    let wanted = Wanted {
        key: rules.key,
        stage: &stage.name,
        own_lock_id: own,
        lock_ids: shown.chain(lock.promotion_id.as_deref()).chain(own).collect(),
        is_rollback: stage.action == Action::Rollback && stage.step == Some(Step::Locking),
        ignored,
    };
    let mut passed_over = Vec::new();
    match reports::read(tenant, runs, &wanted).await {
        Ok(found) => (sight.reports, passed_over) = (found.reports, found.ignored),
        Err(blind) if reads == Reports::IfReadable => {
            let error = blind.error();
            tracing::warn!(run = rules.key, %error, "the reports cannot be read, and it is decided without them");
        }
        Err(blind) => return Err(blind),
    }
    Ok((sight, passed_over))
}
