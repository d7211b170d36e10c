//! From objects that are applied to integrations that are Active.

use std::time::Duration;

use crate::{
    external_secrets::{self, Limits},
    fleet::{Fleet, Size},
    floor,
    measure::{Bench, DEFAULT, LIFTED, Process, time_to_active},
    report::Report,
};

const ALONE: [usize; 3] = [1, 50, 200];
const MANY: Size = Size {
    tenants: 50,
    integrations: 2000,
};
const THOUSAND: Size = Size {
    tenants: 50,
    integrations: 1000,
};
/// At which the bounds are promised.
const PROMISED: Duration = Duration::from_millis(20);
/// What External Secrets Operator 0.20.4 was measured to take on two cores, where it cannot be built: seconds with its
/// client's limits lifted, and MiB.
const EXTERNAL_SECRETS: (f64, f64) = (11.6, 166.0);

pub async fn measure(bench: &Bench, report: &mut Report) {
    let sizes = ALONE.map(|tenants| Size {
        tenants,
        integrations: tenants,
    });
    for latency in [0, 20, 100].map(Duration::from_millis) {
        for size in sizes.into_iter().chain([MANY]) {
            let bounds = if latency == PROMISED && size.tenants == size.integrations {
                (Some(1.2), Some(1.1))
            } else {
                (None, None)
            };
            let what = format!(
                "active: {} integrations over {} tenants, {} ms",
                size.integrations,
                size.tenants,
                latency.as_millis()
            );
            compare(bench, report, &what, (size, latency, DEFAULT), bounds).await;
        }
    }
}

async fn compare(
    bench: &Bench,
    report: &mut Report,
    what: &str,
    (size, latency, per_second): (Size, Duration, f64),
    (most_time, most_calls): (Option<f64>, Option<f64>),
) {
    let bare = Fleet::new(size, latency).await;
    let floor = floor::measure(&bare, per_second).await;
    let floor_calls = bare.calls();
    let fleet = Fleet::new(size, latency).await;
    let (namespace, _operator) = bench.operator(&fleet, per_second).await;
    let took = time_to_active(&fleet, &namespace).await;
    let calls = fleet.calls();
    report.ratio(what, "s", (took.as_secs_f64(), floor.as_secs_f64()), most_time);
    #[allow(clippy::cast_precision_loss, reason = "a number of calls")]
    report.ratio(what, "calls", (calls as f64, floor_calls as f64), most_calls);
}

pub async fn thousand(bench: &Bench, report: &mut Report) {
    let what = "thousand: 1000 integrations over 50 tenants, 0 ms, no budget";
    let fleet = Fleet::new(THOUSAND, Duration::ZERO).await;
    let (namespace, operator) = bench.operator(&fleet, LIFTED).await;
    let took = time_to_active(&fleet, &namespace).await.as_secs_f64();
    let process = Process::of(operator.pid().unwrap());
    drop((operator, namespace, fleet));
    compare(
        bench,
        report,
        what,
        (THOUSAND, Duration::ZERO, LIFTED),
        (None, None),
    )
    .await;

    let (mut seconds, mut mebibytes) = EXTERNAL_SECRETS;
    for limits in [Limits::AsInstalled, Limits::Lifted] {
        match external_secrets::measure(limits).await {
            Ok((took, process)) => (seconds, mebibytes) = (took.as_secs_f64(), process.peak),
            Err(error) => println!("External Secrets Operator is not measured: {error:#}"),
        }
        if matches!(limits, Limits::AsInstalled) {
            report.ratio("thousand: against ESO as installed", "s", (took, seconds), None);
        }
    }
    report.ratio(
        "thousand: against ESO with its limits lifted",
        "s",
        (took, seconds),
        Some(1.0),
    );
    report.ratio(
        "thousand: against ESO, at most resident",
        "MiB",
        (process.peak, mebibytes),
        Some(0.25),
    );
    report.figure("thousand: core seconds", "s", process.cpu, None);
}
