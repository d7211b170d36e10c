//! A host that refuses calls: for how long it gets none, and what people are told.

use std::time::Duration;

use easy_ext::ext;
use pingone_aic_simulator::{Fault, Rule};
use pingone_aic_support::{API_SERVER, Env, company::THREE, is_done};
use serde_json::{Value, json};

use crate::endurance::Passing;

const STEP: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_host_that_refuses_again_and_again_is_told_of_in_one_write() {
    let mut env = Env::start("a host refuses again and again").await;
    let fixture = env.fixture();
    let credential = env.active(&fixture).await;
    let busy = || Fault::status(429).body(r#"{"code":429,"message":"slow down"}"#);
    for (refusal, time, tries, says) in [
        // Later and later, and at most ten minutes apart.
        (busy(), Duration::from_hours(3), 18..40, "refuses calls for now"),
        // It is met within the ten minutes of an interval, and stands for an hour.
        (
            busy().header("Retry-After", "3600"),
            Duration::from_mins(55),
            1..2,
            "refuses calls until ",
        ),
    ] {
        let fault = env.network.fault(Rule::on(fixture.tenant.host()), refusal);
        let from = env.network.position();
        env.pass(time, STEP).await;
        let (writes, hits) = (env.writes(from, "aicintegrations"), fault.hits());
        assert_eq!(writes, 1, "{says}, after {hits} refusals");
        assert!(tries.contains(&hits), "{says}: {hits} refusals");
        let object = env.integration(&fixture).await.unwrap();
        let ready = ready(&object.data);
        assert_eq!(ready["reason"], "RateLimited", "{ready}");
        assert!(ready["message"].as_str().unwrap().contains(says), "{ready}");
        fault.remove();
        env.until(&fixture, |object| is_done(object, &credential.id).err())
            .await
            .unwrap();
    }
    env.check_outputs().await;
}

#[tokio::test]
async fn a_lock_is_released_although_the_host_asked_for_an_hour() {
    let mut env = Env::start("a lock is released although").await;
    let company = env.company(&THREE).await;
    let run = company.promotion("release", json!({"upTo": "staging"}));
    env.namespace.apply(run).await.unwrap();
    env.until_object("Promotion", "release", |object| {
        let step = &object.unwrap().data["status"]["stages"][0]["step"];
        (step != "DryRun").then(|| "no dry run yet".to_owned())
    })
    .await
    .unwrap();
    // The pass that has recorded the step records what it asked for, too.
    env.settle().await;
    let host = company.site("staging").tenant.host();
    let busy = Fault::status(429).header("Retry-After", "3600");
    let busy = env.network.fault(Rule::on(host), busy);
    let from = env.network.position();
    env.pass(Duration::from_mins(20), STEP).await;
    let (writes, hits) = (env.writes(from, "promotions"), busy.hits());
    assert_eq!(writes, 1, "after {hits} refusals");
    assert!((13..=22).contains(&hits), "{hits} refusals: about one a minute");
    let object = env.namespace.get("Promotion", "release").await.unwrap();
    let ready = ready(&object.data);
    assert!(ready["message"].as_str().unwrap().contains("until "), "{ready}");

    let abort = json!({"spec": {"abort": true}});
    env.namespace.patch("Promotion", "release", &abort).await.unwrap();
    busy.remove();
    // A minute until it is asked again, a minute until the tenant has unlocked, and a look at each.
    env.pass(Duration::from_mins(4), STEP).await;
    assert_eq!(env.violation(&company), None);
    env.phase("release", "Aborted").await.unwrap();
    env.check_outputs().await;
}

fn ready(object: &Value) -> Value {
    let conditions = object["status"]["conditions"].as_array().unwrap();
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready");
    ready.unwrap().clone()
}

#[ext(Writes)]
pub(crate) impl Env {
    /// How often a status of these objects was written.
    fn writes(&self, from: usize, plural: &str) -> usize {
        let journal = self.network.journal_since(from);
        let is_write = |path: &str| path.contains(&format!("/{plural}/")) && path.contains("/status");
        journal
            .iter()
            .filter(|call| call.host == API_SERVER && call.method == "PATCH" && is_write(&call.path))
            .count()
    }
}
