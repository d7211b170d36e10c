//! The whole job, as `kubectl apply` of a folder begins it: development, staging, production and a sandbox, until
//! every integration is Active and the promotion to production has succeeded. The floor is the time that the
//! platform itself takes for the two stages.

use std::time::{Duration, Instant};

use futures::future::join_all;
use pingone_aic_harness::TestNamespace;
use pingone_aic_operator::api::{IntegrationStatus, conditions::ACTIVE};
use pingone_aic_simulator::tenant::Times;

use crate::{
    fleet::{Fleet, Member},
    floor::{self, Work},
    group,
    measure::{Bench, DEFAULT, LIFTED, until},
    report::Report,
};

const PATIENCE: Duration = Duration::from_mins(30);

pub async fn measure(bench: &Bench, report: &mut Report) {
    let quick = (Duration::from_millis(500), Duration::from_secs(1));
    let real = (Duration::from_secs(20), Duration::from_mins(1));
    for ((lock, run), at_most) in [(quick, 2.0), (real, 1.15)] {
        let times = Times {
            lock,
            dry_run: run,
            promotion: run,
            unlock: lock,
        };
        let (bare, fleet) = (group::fleet(times).await, with_sandbox(times).await);
        let (namespace, _operator) = bench.operator(&fleet, DEFAULT).await;
        // Both mostly wait, and do not disturb each other.
        let seconds = tokio::join!(
            time_to_succeed(&fleet, &namespace),
            floor::measure(&bare, Work::Promote, LIFTED)
        );
        let what = format!(
            "whole: four environments, two stages, {} s / {} s a step",
            lock.as_secs_f64(),
            run.as_secs_f64()
        );
        report.ratio(&what, "s", seconds, Some(at_most));
    }
}

async fn with_sandbox(times: Times) -> Fleet {
    let mut fleet = group::fleet(times).await;
    fleet.tenants.push(Member::sandbox(&fleet.network, "demo"));
    fleet.size.tenants += 1;
    fleet.size.integrations += 1;
    fleet
}

async fn time_to_succeed(fleet: &Fleet, namespace: &TestNamespace) -> f64 {
    let started = Instant::now();
    let is_active = |status: &IntegrationStatus| status.conditions.is_true(ACTIVE);
    let sandbox = fleet.tenants.last().unwrap();
    let sandbox = sandbox.site.objects_as("Sandbox", None);
    let objects = group::objects(fleet).flatten().chain(sandbox);
    let objects = objects.chain([group::run()]);
    let apply = async {
        fleet.secrets(namespace).await;
        join_all(objects.map(|object| namespace.apply(object))).await
    };
    let (applied, (), ()) = tokio::join!(
        apply,
        until(namespace, fleet.size.integrations, is_active),
        group::until_succeeded(namespace, PATIENCE)
    );
    for object in applied {
        object.unwrap();
    }
    started.elapsed().as_secs_f64()
}
