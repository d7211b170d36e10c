//! A day in which nothing happens.

use std::time::Duration;

use pingone_aic_simulator::{Exchange, Realm, tenant::Times};
use pingone_aic_support::{API_SERVER, Env, company::THREE, fixture::WORKER};
use serde_json::json;

use crate::endurance::Passing;

#[tokio::test]
async fn a_day_at_rest_writes_nothing_and_reads_as_often_as_the_intervals_say() {
    let mut env = Env::start("a day at rest writes nothing").await;
    let fixture = env.fixture();
    env.active(&fixture).await;
    env.settle().await;

    let from = env.network.position();
    let day = Duration::from_hours(24);
    env.pass(day, Duration::from_secs(20)).await;
    let journal = env.network.journal_since(from);
    let count =
        |wanted: &dyn Fn(&Exchange) -> bool| journal.iter().filter(|exchange| wanted(exchange)).count();

    let writes: Vec<_> = journal.iter().filter(|exchange| is_write(exchange)).collect();
    assert!(writes.is_empty(), "{}", writes[0]);

    // Every ten minutes, spread by up to a tenth: 144 to 160 times; a pass takes a little itself.
    let tests = count(&|exchange| exchange.action() == Some("testConnection"));
    assert!((135..=160).contains(&tests), "{tests} tests in a day");
    let environments = count(&|exchange| exchange.host.starts_with("api.pingone."));
    assert!(
        (135..=160).contains(&environments),
        "{environments} checks of the connection in a day"
    );
    for (what, host, expected) in [
        (
            "calls to the tenant beside tokens",
            fixture.tenant.host(),
            5 * tests,
        ),
        ("calls to PingOne", "pingone", 2 * environments),
    ] {
        let calls =
            count(&|exchange| exchange.host.contains(host) && !exchange.path.ends_with("access_token"));
        assert_eq!(calls, expected, "{what}");
    }
    // A token lives for 899 s and is renewed a minute before.
    let tokens = count(&|exchange| exchange.path.ends_with("access_token"));
    assert!(tokens <= 24 * 3600 / 839 + 1, "{tokens} tokens in a day");
    // The two Secrets in each pass over the integration, the one in each over the connection.
    let secrets = count(&|exchange| {
        exchange.host == API_SERVER && exchange.path.ends_with(&format!("-{}", fixture.name))
    });
    assert_eq!(secrets, 2 * tests + environments);
    env.check_outputs().await;
}

#[tokio::test]
async fn drift_is_noticed_within_an_interval_though_nothing_tells_of_it() {
    let mut env = Env::start("drift is noticed within an interval").await;
    let fixture = env.fixture();
    let credential = env.active(&fixture).await;
    env.settle().await;
    fixture.tenant.console().delete_worker(Realm::Alpha, WORKER);
    // The interval is ten minutes.
    env.pass(Duration::from_mins(11), Duration::from_secs(20)).await;
    assert_eq!(fixture.fault(&credential, Some(1)), None);
    env.check_outputs().await;
}

#[tokio::test]
async fn hours_at_the_gate_in_the_queue_and_pending_write_nothing() {
    let mut env = Env::start("hours at the gate write nothing").await;
    let (gated, locked) = (env.company(&THREE).await, env.company(&THREE).await);
    let run = gated.promotion("gated", json!({"upTo": "dev"}));
    env.namespace.apply(run).await.unwrap();
    env.phase("gated", "Gated").await.unwrap();
    // A person keeps the lock; the run waits for it, and so does every other run on these environments.
    let staging = &locked.site("staging").tenant;
    let theirs = staging.console().begin_lock();
    let run = locked.promotion("pending", json!({"upTo": "staging"}));
    env.namespace.apply(run).await.unwrap();
    env.phase("pending", "Pending").await.unwrap();
    // A promotion that takes longer, as its run has said by then; and who waits for it.
    let occupied = env.company(&THREE).await;
    occupied.group.set_times(Times {
        promotion: Duration::from_hours(24),
        ..Times::default()
    });
    let timeouts = json!({"lock": "30m", "promotion": "1m", "verification": "15m"});
    let run = occupied.promotion("long", json!({"upTo": "staging", "timeouts": timeouts}));
    env.namespace.apply(run).await.unwrap();
    env.until_object("Promotion", "long", |object| {
        let conditions = object.unwrap().data["status"]["conditions"].to_string();
        (!conditions.contains("PromotionOverdue")).then(|| "it is in time".to_owned())
    })
    .await
    .unwrap();
    let run = occupied.promotion("queued", json!({"upTo": "staging"}));
    env.namespace.apply(run).await.unwrap();
    env.phase("queued", "Queued").await.unwrap();
    env.pass(Duration::from_mins(30), Duration::from_secs(20)).await;

    let from = env.network.position();
    env.pass(Duration::from_hours(6), Duration::from_mins(1)).await;
    let calls = env.network.journal_since(from);
    let writes: Vec<_> = calls.iter().filter(|call| is_write(call)).collect();
    assert!(writes.is_empty(), "{writes:?}");
    // It looks about once a minute, and so does the integration there: a lock blocks its ESV, too.
    let looks = calls
        .iter()
        .filter(|call| call.host == staging.host() && call.is("GET", "/promotion/lock/state"));
    let looks = looks.count();
    assert!((475..=750).contains(&looks), "{looks} looks in six hours");
    for (run, phase) in [("gated", "Gated"), ("pending", "Pending"), ("queued", "Queued")] {
        let object = env.namespace.get("Promotion", run).await.unwrap();
        assert_eq!(object.data["status"]["phase"], phase, "{run}");
    }
    // Whoever has waited goes on.
    staging.console().begin_unlock(&theirs);
    env.phase("pending", "Gated").await.unwrap();
    env.check_outputs().await;
}

fn is_write(exchange: &Exchange) -> bool {
    match exchange.method.as_str() {
        "GET" => false,
        // A token, and a test: they change nothing.
        "POST" => !(exchange.path.ends_with("token") || exchange.action() == Some("testConnection")),
        _ => true,
    }
}
