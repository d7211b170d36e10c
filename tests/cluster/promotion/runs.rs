//! Runs in which nothing goes wrong.

use std::time::Duration;

use pingone_aic_harness::is_condition;
use pingone_aic_simulator::{Fault, Realm, Rule, tenant::Times};
use pingone_aic_support::{Env, company::THREE, fixture::WORKER};
use serde_json::json;

use crate::promotion::look::{Steps, the_request};

const AT_ONCE: Times = Times {
    lock: Duration::ZERO,
    dry_run: Duration::ZERO,
    promotion: Duration::ZERO,
    unlock: Duration::ZERO,
};

#[tokio::test]
async fn a_run_goes_through_the_group_stops_at_its_gate_and_leaves_no_lock() {
    let mut env = Env::start("a run goes through the group").await;
    let company = env.company(&THREE).await;
    let promotion = company.promotion("release", json!({"upTo": "dev", "description": "Ticket 7"}));
    env.namespace.apply(promotion).await.unwrap();
    let gated = env.phase("release", "Gated").await.unwrap();
    assert!(is_condition(&gated, "Ready", "True"));
    assert_eq!(gated.data["status"]["next"]["stage"], "staging");
    assert_eq!(
        gated.data["status"]["next"]["provisional"]["totals"]["added"], 3,
        "{}",
        gated.data["status"]
    );

    env.namespace
        .patch("Promotion", "release", &json!({"spec": {"upTo": "staging"}}))
        .await
        .unwrap();
    env.until_object("Promotion", "release", |object| {
        let step = &object.unwrap().data["status"]["stages"][0]["step"];
        (step != "Promoting").then(|| "it does not promote".to_owned())
    })
    .await
    .unwrap();
    assert_ne!(env.metric("promotion_oldest_lock_seconds").await, "0.0");
    let gated = env
        .until_object("Promotion", "release", |object| {
            (object.unwrap().data["status"]["next"]["stage"] != "prod")
                .then(|| "not gated before prod".to_owned())
        })
        .await
        .unwrap()
        .unwrap();
    let stage = &gated.data["status"]["stages"][0];
    assert_eq!(
        (&stage["step"], &stage["outcome"]),
        (&json!("Done"), &json!("Promoted")),
        "{stage}"
    );
    assert_eq!(stage["report"]["totals"]["added"], 3, "{stage}");
    assert!(
        company
            .site("staging")
            .tenant
            .workers(Realm::Alpha)
            .contains_key(WORKER)
    );
    assert!(
        !company
            .site("prod")
            .tenant
            .workers(Realm::Alpha)
            .contains_key(WORKER)
    );
    assert_eq!(env.violation(&company), None);

    env.namespace
        .patch("Promotion", "release", &json!({"spec": {"upTo": "prod"}}))
        .await
        .unwrap();
    let done = env.phase("release", "Succeeded").await.unwrap();
    assert!(is_condition(&done, "Ready", "True"));
    assert_eq!(done.metadata.finalizers, None);
    assert_eq!(env.violation(&company), None);
    for stage in ["staging", "prod"] {
        let name = &company.site(stage).name;
        env.until_object("AICIntegration", name, |object| {
            (!is_condition(object.unwrap(), "Active", "True")).then(|| "it is not Active".to_owned())
        })
        .await
        .unwrap();
    }
    for step in ["Locking", "DryRun", "Promoting", "Unlocking", "Verifying"] {
        let name = format!("promotion_step_duration_seconds_count{{step=\"{step}\"}}");
        assert_eq!(env.metric(&name).await, "2", "{step}");
    }
    assert_eq!(env.metric("promotion_lock_held_seconds_count").await, "2");
    let least = (Times::default().lock + Times::default().promotion).as_secs_f64();
    let held: f64 = env
        .metric("promotion_lock_held_seconds_sum")
        .await
        .parse()
        .unwrap();
    assert!(held > 2.0 * least, "{held}");
    assert_eq!(env.metric("promotion_oldest_lock_seconds").await, "0.0");
    assert_eq!(env.metric("time_to_active_seconds_count").await, "3");
    env.check_outputs().await;
}

#[tokio::test]
async fn a_run_that_begins_a_stage_is_not_ready_any_more() {
    let mut env = Env::start("a run begins a stage").await;
    let company = env.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    // Seen at the first call of the preflight, and at the request for the lock: a run at its gate, and a suspended one.
    let preflight = Rule::on(staging.host()).method("GET").times(1);
    let lock = || the_request(staging, "/promotion/lock");
    let (raise, resume) = (json!({"upTo": "staging"}), json!({"suspend": false}));
    let suspended = json!({"upTo": "staging", "suspend": true});
    let cases = [
        (json!({"upTo": "dev"}), "Gated", &raise, preflight, "Pending"),
        (json!({"upTo": "dev"}), "Gated", &raise, lock(), "Running"),
        (suspended, "Suspended", &resume, lock(), "Running"),
    ];
    for (spec, reason, begin, call, phase) in cases {
        env.release(&company, spec).await;
        let ready = env.until_reason("release", reason).await;
        assert!(is_condition(&ready, "Ready", "True"));
        let held = env.network.fault(call, Fault::Hold);
        let begin = json!({"spec": begin});
        env.namespace.patch("Promotion", "release", &begin).await.unwrap();
        env.wait_until(|_| (held.hits() == 0).then(|| "it does not begin".to_owned()))
            .await;
        let begins = env.namespace.get("Promotion", "release").await.unwrap();
        let status = &begins.data["status"];
        assert_eq!(status["phase"], phase, "{status}");
        assert!(is_condition(&begins, "Ready", "False"), "{status}");
        assert!(is_condition(&begins, "Reconciling", "True"), "{status}");
        held.remove();
        env.namespace.delete("Promotion", "release").await.unwrap();
        env.until_gone("release").await;
    }
    assert_eq!(env.violation(&company), None);
    env.check_outputs().await;
}

/// What a stage costs where the platform needs no time: every call to the upper environment's promotion API, in order.
const CALLS_OF_A_STAGE: [(&str, &str); 20] = [
    ("GET lock/state", "row 3: nothing is locked"),
    ("GET reports", "row 1: it was not promoted before"),
    ("GET promote", "row 3: nothing is under way"),
    ("POST lock", ""),
    ("GET lock/state", "row 11: the lock is on both sides"),
    ("GET promote", "row 13b: nothing is under way under it"),
    ("GET lock/state", "the lock is ours at the moment of the request"),
    ("POST promote", "the dry run"),
    ("GET lock/state", "row 13: the lock is not lost"),
    ("GET promote", "row 13b: the dry run is over, and what blocks it"),
    ("GET reports", "row 14: its report is listed"),
    ("GET report", "row 15: what it has found"),
    ("GET promote", "row 16: nothing is under way"),
    (
        "GET lock/state",
        "row 16: the lock is ours at the moment of the request",
    ),
    ("POST promote", "the promotion"),
    ("GET lock/state", "row 20: the lock is not another's"),
    ("GET promote", "rows 18 and 20: it is over, and has not failed"),
    ("GET reports", "row 19: its report is listed"),
    ("GET report", "row 19: it is ours, and what people read"),
    ("GET reports", "row 24: once more, now that the lock is gone"),
];

/// With what stands before and beside them (two tokens or one, the ESV, the provisional lists, the source of the second
/// stage before the lock and under it, the test of the integration) that is 52 calls for two stages, where 42 are the
/// fewest: `cargo bench -- promotion` names those.
#[tokio::test]
async fn a_run_asks_for_no_more_than_it_needs() {
    let mut env = Env::start("a run asks for no more than it needs").await;
    let company = env.company(&THREE).await;
    company.group.set_times(AT_ONCE);
    let from = env.network.position();
    let promotion = company.promotion("release", json!({}));
    env.namespace.apply(promotion).await.unwrap();
    env.phase("release", "Succeeded").await.unwrap();
    let calls = env.network.journal_since(from);
    let of_host = |site: &str| {
        let host = company.site(site).tenant.host();
        let calls = calls
            .iter()
            .filter(move |call| call.host == host && call.path.contains("/environment/promotion/"));
        let calls = calls.filter(|call| !call.path.ends_with("/provisional"));
        let end = |path: &str| {
            let end = path.rsplit_once("/promotion/").unwrap().1;
            let is_report = end.starts_with("report/");
            if is_report { "report" } else { end }.to_owned()
        };
        calls
            .map(|call| format!("{} {}", call.method, end(&call.path)))
            .collect::<Vec<_>>()
    };
    let expected: Vec<_> = CALLS_OF_A_STAGE
        .iter()
        .map(|(call, _)| (*call).to_owned())
        .collect();
    assert_eq!(of_host("prod"), expected);
    // What stands in staging is read twice before it goes up: before the lock, and under it.
    let source = ["GET reports", "GET reports"].map(ToOwned::to_owned);
    assert_eq!(of_host("staging"), [expected, source.to_vec()].concat());
    env.check_outputs().await;
}
