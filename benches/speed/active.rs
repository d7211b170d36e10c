//! From objects that are applied to integrations that are Active.

use std::time::Duration;

use pingone_aic_harness::TestNamespace;

use crate::{
    external_secrets::{self, Limits},
    fleet::{Fleet, Size},
    floor::{self, Work},
    measure::{Bench, DEFAULT, LIFTED, Process, middle, time_to_active},
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
const ALONE_BOUNDS: Bounds = Bounds {
    time: Some(1.2),
    time_of_writing: Some(1.2),
    calls: Some(1.1),
};
/// One tenant takes some sixty milliseconds, of which a hiccup of the machine would be a large part.
const RUNS_OF_ONE: usize = 3;
/// What External Secrets Operator 0.20.4 was measured to take on two cores. Where it cannot be measured again, this is
/// context, and binds nothing.
const AS_INSTALLED_ELSEWHERE: f64 = 19.1;
const LIFTED_ELSEWHERE: f64 = 11.6;
const MEBIBYTES_ELSEWHERE: f64 = 166.0;

pub async fn measure(bench: &Bench, report: &mut Report) {
    let sizes = ALONE.map(|tenants| Size {
        tenants,
        integrations: tenants,
    });
    for latency in [0, 20, 100].map(Duration::from_millis) {
        for size in sizes.into_iter().chain([MANY]) {
            let bounds = if latency == PROMISED && size.tenants == size.integrations {
                ALONE_BOUNDS
            } else {
                Bounds::default()
            };
            let what = format!(
                "active: {} integrations over {} tenants, {} ms",
                size.integrations,
                size.tenants,
                latency.as_millis()
            );
            let times = if size.integrations == 1 { RUNS_OF_ONE } else { 1 };
            let mut runs = Vec::new();
            for _ in 0..times {
                runs.push(Run::new(bench, (size, latency, DEFAULT)).await);
            }
            middle(runs, |run| run.seconds / run.floor_seconds).tell(report, &what, bounds);
        }
    }
}

/// The bare loop, the same with one status write an object, and the operator beside them.
struct Run {
    seconds: f64,
    calls: f64,
    floor_seconds: f64,
    floor_calls: f64,
    writing_floor_seconds: f64,
    process: Process,
}

/// At most so many times the floor's.
#[derive(Clone, Copy, Default)]
struct Bounds {
    time: Option<f64>,
    time_of_writing: Option<f64>,
    calls: Option<f64>,
}

impl Run {
    async fn new(bench: &Bench, (size, latency, per_second): (Size, Duration, f64)) -> Self {
        let bare = Fleet::new(size, latency).await;
        let floor_seconds = floor::measure(&bare, Work::Join, per_second).await;
        let writing_floor_seconds = writing_floor(size, latency, per_second).await;
        let fleet = Fleet::new(size, latency).await;
        let (namespace, operator) = bench.operator(&fleet, per_second).await;
        Self {
            seconds: time_to_active(&fleet, &namespace).await.as_secs_f64(),
            calls: fleet.calls_since(0),
            floor_seconds,
            floor_calls: bare.calls_since(0),
            writing_floor_seconds,
            process: Process::of(operator.pid().unwrap()),
        }
    }

    fn tell(&self, report: &mut Report, what: &str, bounds: Bounds) {
        report.ratio(what, "s", (self.seconds, self.floor_seconds), bounds.time);
        report.ratio(
            &format!("{what}, with status"),
            "s",
            (self.seconds, self.writing_floor_seconds),
            bounds.time_of_writing,
        );
        report.ratio(what, "calls", (self.calls, self.floor_calls), bounds.calls);
    }
}

/// The objects are there before it begins.
async fn writing_floor(size: Size, latency: Duration, per_second: f64) -> f64 {
    let fleet = Fleet::new(size, latency).await;
    let namespace = TestNamespace::create("speed").await;
    fleet.apply(&namespace).await;
    floor::measure_writing(&fleet, Work::Join, per_second, &namespace).await
}

pub async fn thousand(bench: &Bench, report: &mut Report) {
    let run = Run::new(bench, (THOUSAND, Duration::ZERO, LIFTED)).await;
    let what = "thousand: 1000 integrations over 50 tenants, 0 ms, no budget";
    run.tell(report, what, Bounds::default());
    report.figure("thousand: core seconds", "s", run.process.cpu, None);

    let as_installed = measured(Limits::AsInstalled).await;
    let lifted = measured(Limits::Lifted).await;
    let seconds = |run: Option<&(Duration, Process)>| run.map(|(took, _)| took.as_secs_f64());
    let what = "thousand: against ESO as installed";
    let theirs = (seconds(as_installed.as_ref()), AS_INSTALLED_ELSEWHERE);
    against(report, what, ("s", run.seconds), theirs, 1.0);
    let what = "thousand: against ESO with its limits lifted";
    let theirs = (seconds(lifted.as_ref()), LIFTED_ELSEWHERE);
    against(report, what, ("s", run.seconds), theirs, 1.0);
    let peaks = [as_installed, lifted].into_iter().flatten();
    let least = peaks.map(|(_, process)| process.peak).reduce(f64::min);
    let what = "thousand: against ESO, at most resident";
    let theirs = (least, MEBIBYTES_ELSEWHERE);
    against(report, what, ("MiB", run.process.peak), theirs, 0.25);
}

/// External Secrets Operator, if it can be measured here.
async fn measured(limits: Limits) -> Option<(Duration, Process)> {
    let result = external_secrets::measure(limits).await;
    result
        .inspect_err(|error| println!("External Secrets Operator is not measured: {error:#}"))
        .ok()
}

/// Only what was measured in this run binds.
fn against(
    report: &mut Report,
    what: &str,
    (measure, ours): (&'static str, f64),
    (measured, elsewhere): (Option<f64>, f64),
    bound: f64,
) {
    if let Some(theirs) = measured {
        report.ratio(what, measure, (ours, theirs), Some(bound));
    } else {
        let what = format!("{what}, which was measured elsewhere");
        report.ratio(&what, measure, (ours, elsewhere), None);
    }
}
