//! Two hundred credentials that are replaced at once.

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use pingone_aic_operator::api::IntegrationStatus;

use crate::{
    fleet::{Fleet, Size},
    floor::{self, Work},
    measure::{Bench, DEFAULT, time_to_active, until},
    report::{Report, count},
};

const SIZE: Size = Size {
    tenants: 200,
    integrations: 200,
};
const LATENCY: Duration = Duration::from_millis(20);
/// What came before has used up PingOne's budget. After this long it is whole again, as the floor's is.
const BUDGET_IS_WHOLE: Duration = Duration::from_secs(3);
/// Two to prove it to PingOne (a token, and whose environment it is for), the new version, and the tenant's test.
const FEWEST_CALLS: f64 = 4.0;

pub async fn measure(bench: &Bench, report: &mut Report) {
    let mut bare = Fleet::new(SIZE, LATENCY).await;
    floor::measure(&bare, Work::Join, DEFAULT).await;
    bare.renew_credentials();
    let floor = floor::measure(&bare, Work::Rotate, DEFAULT).await;

    let mut fleet = Fleet::new(SIZE, LATENCY).await;
    let (namespace, _operator) = bench.operator(&fleet, DEFAULT).await;
    time_to_active(&fleet, &namespace).await;
    tokio::time::sleep(BUDGET_IS_WHOLE).await;
    let ids = fleet.renew_credentials();
    let (since, started) = (fleet.network.position(), Instant::now());
    let replace = stream::iter(&fleet.tenants)
        .map(|member| member.site.credential(&namespace))
        .buffer_unordered(32)
        .collect::<()>();
    let is_proved = |status: &IntegrationStatus| {
        let proved = status.credential_id.as_ref();
        proved.is_some_and(|id| ids.contains(id))
    };
    tokio::join!(until(&namespace, SIZE.integrations, is_proved), replace);
    let took = started.elapsed().as_secs_f64();
    let what = "rotation: 200 credentials at once, until each is proved, 20 ms";
    report.ratio(what, "s", (took, floor), None);
    let fewest = FEWEST_CALLS * count(SIZE.integrations);
    report.ratio(what, "calls", (fleet.calls_since(since), fewest), None);
}
