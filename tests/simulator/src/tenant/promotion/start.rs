//! The beginning of a run: what it needs, and what will come of it.

use std::collections::BTreeSet;
use std::mem;

use jiff::Timestamp;
use serde_json::Map;
use uuid::Uuid;

use super::super::Tenant;
use super::super::configuration::StaticConfiguration;
use super::super::state::State;
use super::changes::Changes;
use super::order::Order;
use super::pair::Pair;
use super::report::Report;
use super::run::{FAILED, Kind, Run};
use super::{conflict, lower_of};
use crate::message::Answer;

/// Begins a run in the upper environment.
pub(super) fn run(upper: &Tenant, order: Order) -> Result<(), Answer> {
    let lower = lower_of(upper)?;
    let settings = upper.settings();
    let takes = match order.kind {
        Kind::DryRun => settings.times.dry_run,
        Kind::Promotion | Kind::Rollback => settings.times.promotion,
    };
    let ends = upper.network_now() + takes;
    let mut pair = Pair::of(&lower, upper);
    let mut run = plan(&pair, order, ends)?;
    run.report.shown_from = ends + settings.report_lag;
    run.report.omitted = mem::take(&mut pair.upper.promotions.next_report_omits);
    run.report.added = mem::take(&mut pair.upper.promotions.next_report_adds);
    if let Some(date) = pair.upper.promotions.date_of_reports {
        run.report.created = date;
    }
    // [assumed] What a dry run finds does not block the dry run itself.
    let is_unfit = run.is_unfit();
    if is_unfit && (run.order.kind == Kind::Promotion || settings.dry_runs_block) {
        run.failure = Some(FAILED.to_owned());
    }
    if let Some(failure) = pair.upper.promotions.next_failure.take() {
        run.failure = Some(failure);
    }
    pair.upper.promotions.run = Some(run);
    Ok(())
}

/// [assumed] A dry run leaves the lock alone.
fn plan(pair: &Pair<'_>, order: Order, ends: Timestamp) -> Result<Run, Answer> {
    let (lower, upper) = (&pair.lower, &pair.upper);
    if upper.promotions.is_running() {
        return Err(conflict("A promotion or rollback is already running"));
    }
    let promotion_id = pair.locked_by().map(str::to_owned);
    let promotion_id = promotion_id.ok_or_else(|| conflict("Environment is not in locked state"))?;
    let nothing = || conflict("There is no promotion to roll back");
    let (configuration, missing_esvs, encrypted_secrets) = match order.kind {
        Kind::Rollback => {
            let before = upper.promotions.before_promotion.clone().ok_or_else(nothing)?;
            (before, Vec::new(), Vec::new())
        }
        Kind::DryRun | Kind::Promotion => {
            let missing = missing_esvs(&lower.configuration, upper);
            (
                lower.configuration.clone(),
                missing,
                lower.promotions.encrypted_secrets.clone(),
            )
        }
    };
    let dry_run = order.kind == Kind::DryRun;
    Ok(Run {
        ends,
        over: false,
        failure: None,
        encrypted_secrets,
        report: Report {
            id: Uuid::new_v4(),
            promotion_id: Some(promotion_id.clone()),
            kind: order.kind.name(),
            dry_run,
            promoter: order.promoter.clone(),
            description: order.description.clone(),
            created: ends,
            shown_from: ends,
            missing_esvs,
            previously_ignored_secrets: upper.promotions.ignored_secrets.iter().cloned().collect(),
            changes: Changes::between(&upper.configuration, &configuration),
            omitted: Vec::new(),
            added: Map::new(),
        },
        promotion_id,
        order,
        configuration,
    })
}

/// ESVs that the configuration maps labels to and the environment lacks.
fn missing_esvs(configuration: &StaticConfiguration, upper: &State) -> Vec<String> {
    let missing: BTreeSet<_> = configuration
        .mapped_esvs()
        .filter(|id| !upper.secrets.contains_key(*id))
        .collect();
    missing.into_iter().cloned().collect()
}
