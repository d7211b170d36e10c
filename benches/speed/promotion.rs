//! A run through a group of three environments, against the fewest calls that anybody could do it with.

use std::time::{Duration, Instant};

use pingone_aic_harness::{TestNamespace, is_condition};
use pingone_aic_simulator::tenant::Times;

use crate::{
    group,
    measure::{Bench, DEFAULT, until_idle},
    report::Report,
};

/// The fewest calls for a stage of one integration on a platform that takes no time, and none left out on which the
/// lock's law, the content or the proof rests:
/// - a token that is good for all of it (1);
/// - before the lock: the ESV is there, nothing is locked, nothing is under way, and no report is of this name (4);
/// - the provisional list, which people look at (1);
/// - the lock, and a check whether it is there on both sides (2);
/// - the dry run, the list with its report, and the report, which says what is in the way (3);
/// - a check whether the lock is still ours and nothing is under way, the promotion, the list with its report, and the report, which people
///   read (5): a run whose report is listed is over, so that its progress is not asked for;
/// - a check whether the platform has released the lock, and the list once more (2);
/// - the integration's test (1).
///
/// Beside them: a token of Development, which tells the first provisional list (1); the pair that the second list is of
/// (1); and the newest report of staging, before the lock of production and under it (2).
const FEWEST: f64 = 2.0 * 19.0 + 4.0;
const AT_ONCE: Times = Times {
    lock: Duration::ZERO,
    dry_run: Duration::ZERO,
    promotion: Duration::ZERO,
    unlock: Duration::ZERO,
};
const PATIENCE: Duration = Duration::from_mins(5);

pub async fn measure(bench: &Bench, report: &mut Report) {
    let fleet = group::fleet(AT_ONCE).await;
    let (namespace, operator) = bench.operator(&fleet, DEFAULT).await;
    fleet.secrets(&namespace).await;
    for (member, objects) in fleet.tenants.iter().zip(group::objects(&fleet)) {
        for object in objects {
            namespace.apply(object).await.unwrap();
        }
        until_ready(&namespace, &member.site.name).await;
    }
    until_idle(&operator).await;
    let (since, started) = (fleet.network.position(), Instant::now());
    namespace.apply(group::run()).await.unwrap();
    group::until_succeeded(&namespace, PATIENCE).await;
    let took = started.elapsed().as_secs_f64();
    // What the run has set off is part of it: a promoted integration looks for itself.
    until_idle(&operator).await;
    let what = "promotion: all calls of two stages, against the fewest";
    report.ratio(what, "calls", (fleet.calls_since(since), FEWEST), Some(1.5));
    let what = "promotion: two stages, of a platform that takes no time";
    report.figure(what, "s", took, None);
}

async fn until_ready(namespace: &TestNamespace, name: &str) {
    namespace
        .wait_for("AICIntegration", name, "to be Ready", PATIENCE, |object| {
            is_condition(object, "Ready", "True")
        })
        .await
        .unwrap();
}
