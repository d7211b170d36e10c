//! What a scrape of ten thousand integrations costs, with and without their names.

use std::time::{Duration, Instant};

use pingone_aic_harness::Operator;
use serde_json::json;

use crate::{
    measure::{Bench, at_rest, middle},
    report::Report,
    settled::Settled,
};

const INTEGRATIONS: usize = 10_000;
const SCRAPES: usize = 21;
/// Connections that nobody uses are closed by then.
const SETTLES: Duration = Duration::from_secs(35);
/// In MiB, that the names add.
const MOST_MORE_RESIDENT: f64 = 4.0;

/// What one operator's scrapes cost.
struct Cost {
    mebibytes: f64,
    milliseconds: f64,
    /// In MiB, at rest after the scrapes.
    resident: f64,
}

pub async fn measure(bench: &Bench, report: &mut Report) {
    let settled = Settled::new(bench, INTEGRATIONS).await;
    let mut costs = Vec::new();
    for (named, what) in [(false, "no names"), (true, "each named")] {
        let more = json!({"metrics": {"perObject": named}});
        let mut operator = settled.restart_with(more).await.operator;
        let cost = scrape(&operator).await;
        operator.terminate().await.unwrap();
        let what = format!("scrape: {INTEGRATIONS} integrations, {what}");
        report.figure(&what, "MiB", cost.mebibytes, None);
        report.figure(&what, "ms", cost.milliseconds, None);
        report.figure(&format!("{what}, resident"), "MiB", cost.resident, None);
        costs.push(cost);
    }
    let more = costs[1].resident - costs[0].resident;
    let what = "scrape: resident that the names add";
    report.figure(what, "MiB", more, Some(MOST_MORE_RESIDENT));
}

async fn scrape(operator: &Operator) -> Cost {
    tokio::time::sleep(SETTLES).await;
    let mut scrapes = Vec::new();
    for _ in 0..SCRAPES {
        let started = Instant::now();
        let text = operator.metrics().await.unwrap();
        scrapes.push((started.elapsed(), text.len()));
    }
    let (took, bytes) = middle(scrapes, |(took, _)| took.as_secs_f64());
    tokio::time::sleep(SETTLES).await;
    #[expect(clippy::cast_precision_loss, reason = "a few megabytes")]
    let mebibytes = bytes as f64 / 1024.0 / 1024.0;
    Cost {
        mebibytes,
        milliseconds: took.as_secs_f64() * 1000.0,
        resident: at_rest(operator).await.resident,
    }
}
