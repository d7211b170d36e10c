//! Two hundred credentials that are replaced at once.

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use pingone_aic_simulator::Exchange;

use crate::{
    fleet::{Fleet, Size},
    measure::{Bench, DEFAULT, time_to_active},
    report::Report,
};

const SIZE: Size = Size {
    tenants: 200,
    integrations: 200,
};
const LATENCY: Duration = Duration::from_millis(20);

pub async fn measure(bench: &Bench, report: &mut Report) {
    let mut fleet = Fleet::new(SIZE, LATENCY).await;
    let (namespace, _operator) = bench.operator(&fleet, DEFAULT).await;
    time_to_active(&fleet, &namespace).await;
    for member in &mut fleet.tenants {
        member.site.credential = member.connection.add_credential().jwt;
    }
    let since = fleet.network.position();
    let started = Instant::now();
    let replace = stream::iter(&fleet.tenants)
        .map(|member| member.site.credential(&namespace))
        .buffer_unordered(32)
        .collect::<()>();
    let mut written = 0;
    let is_last = |call: &Exchange| {
        let is_version = call.is("POST", "/versions") && call.action() == Some("create");
        if call.sequence >= since && is_version && call.status == Some(200) {
            written += 1;
        }
        written == SIZE.integrations
    };
    let minutes = Duration::from_mins(10);
    let (last, ()) = tokio::join!(fleet.network.wait_for(minutes, is_last), replace);
    assert!(last.is_some(), "not all were written");
    let took = started.elapsed().as_secs_f64();
    report.figure(
        "rotation: 200 credentials at once, until the last version is written",
        "s",
        took,
        None,
    );
}
