//! Faults by rule.

use std::time::{Duration, Instant};

use http::Method;
use pingone_aic_simulator::{Fault, Rule};
use serde_json::json;

use crate::caller::{Caller, ESV, HOST, send};

const VERSIONS: &str = "/environment/secrets/esv-a/versions";

async fn caller_with_secret() -> Caller {
    let caller = Caller::start().await;
    caller.create_secret("esv-a", "one").await;
    caller
}

fn create_version(caller: &Caller) -> reqwest::RequestBuilder {
    let path = format!("{VERSIONS}?_action=create");
    caller
        .request(Method::POST, &path, ESV)
        .json(&json!({"valueBase64": "dHdv"}))
}

fn versions(caller: &Caller) -> usize {
    caller.tenant.secret("esv-a").unwrap().versions.len()
}

#[tokio::test]
async fn a_status_takes_the_place_of_the_answer_and_the_request_is_not_processed() {
    let caller = caller_with_secret().await;
    let fault = Fault::status(429)
        .header("Retry-After", "7")
        .body("{\"code\":429}");
    let handle = caller
        .network
        .fault(Rule::on(HOST).method("POST").times(1), fault.clone());
    let reply = send(create_version(&caller)).await;
    assert_eq!((reply.status.as_u16(), reply.header("retry-after")), (429, "7"));
    assert_eq!(reply.expect(429)["code"], 429);
    assert!(!reply.header("date").is_empty() && !reply.header("X-ForgeRock-TransactionId").is_empty());
    assert_eq!((versions(&caller), handle.hits()), (1, 1));
    assert_eq!(caller.network.journal().last().unwrap().fault, Some(fault));
    send(create_version(&caller)).await.expect(200);
    assert_eq!((versions(&caller), handle.hits()), (2, 1));
}

#[tokio::test]
async fn a_connection_closed_before_leaves_the_request_unprocessed() {
    let caller = caller_with_secret().await;
    caller.network.fault(
        Rule::on("*.id.forgerock.io").path_contains("_action=create"),
        Fault::CloseBefore,
    );
    create_version(&caller).send().await.unwrap_err();
    assert_eq!(versions(&caller), 1);
    let exchange = caller.network.journal().pop().unwrap();
    assert_eq!(
        (exchange.fault, exchange.status),
        (Some(Fault::CloseBefore), None)
    );
}

#[tokio::test]
async fn a_connection_closed_after_loses_the_answer_of_a_request_that_was_processed() {
    let caller = caller_with_secret().await;
    caller
        .network
        .fault(Rule::on(HOST).path_contains("_action=create"), Fault::CloseAfter);
    create_version(&caller).send().await.unwrap_err();
    assert_eq!(versions(&caller), 2);
    let exchange = caller.network.journal().pop().unwrap();
    assert_eq!(
        (exchange.fault, exchange.status),
        (Some(Fault::CloseAfter), Some(200))
    );
    assert_eq!(exchange.response["version"], "2");
}

#[tokio::test]
async fn garbage_is_a_200_that_nobody_can_read() {
    let caller = caller_with_secret().await;
    caller
        .network
        .fault(Rule::anywhere().path_contains("_action=create"), Fault::Garbage);
    let reply = send(create_version(&caller)).await;
    assert_eq!(reply.status, 200);
    assert!(serde_json::from_str::<serde_json::Value>(&reply.text).is_err());
    assert_eq!(versions(&caller), 2);
}

#[tokio::test]
async fn a_hanging_request_is_in_the_journal_and_never_answered() {
    let caller = caller_with_secret().await;
    let handle = caller
        .network
        .fault(Rule::on(HOST).path_contains(VERSIONS), Fault::Hang);
    let hanging = tokio::spawn(create_version(&caller).send());
    let arrived = caller
        .network
        .wait_for(Duration::from_mins(1), |it| it.fault == Some(Fault::Hang))
        .await;
    assert_eq!(arrived.expect("the request").status, None);
    handle.remove();
    send(create_version(&caller)).await.expect(200);
    assert!(!hanging.is_finished());
    assert_eq!(versions(&caller), 2);
    hanging.abort();
}

#[tokio::test]
async fn a_delayed_request_is_processed_late() {
    let caller = caller_with_secret().await;
    let delay = Duration::from_millis(50);
    caller
        .network
        .fault(Rule::on(HOST).path_contains(VERSIONS), Fault::Delay(delay));
    let start = Instant::now();
    send(create_version(&caller)).await.expect(200);
    assert!(start.elapsed() >= delay);
}

#[tokio::test]
async fn a_rule_lets_requests_through_first_acts_so_often_and_can_be_removed() {
    let caller = caller_with_secret().await;
    let rule = Rule::on(HOST)
        .method("GET")
        .path_contains("/startup")
        .after(1)
        .times(2);
    let handle = caller.network.fault(rule, Fault::status(503));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(caller.get("/environment/startup", ESV).await.status.as_u16());
    }
    assert_eq!(statuses, [200, 503, 503, 200]);
    assert_eq!(handle.hits(), 2);
    let lasting = caller.network.fault(Rule::on(HOST), Fault::status(500));
    assert_eq!(caller.get("/environment/startup", ESV).await.status, 500);
    lasting.remove();
    assert_eq!(caller.get("/environment/startup", ESV).await.status, 200);
    assert_eq!(caller.get("/environment/secrets/esv-a", ESV).await.status, 200);
}

#[tokio::test]
async fn an_answer_that_hangs_was_processed_and_a_short_outage_cuts_it() {
    let caller = caller_with_secret().await;
    let handle = caller
        .network
        .fault(Rule::on(HOST).path_contains("_action=create"), Fault::HangAfter);
    let request = tokio::spawn(create_version(&caller).send());
    caller
        .network
        .wait_for(Duration::from_mins(1), |it| {
            it.fault == Some(Fault::HangAfter) && it.status == Some(200)
        })
        .await
        .unwrap();
    assert_eq!((versions(&caller), request.is_finished()), (2, false));
    // However short it is, it cuts what is open.
    drop(caller.network.outage(HOST));
    request.await.unwrap().unwrap_err();

    handle.remove();
    let outage = caller.network.outage(HOST);
    create_version(&caller).send().await.unwrap_err();
    drop(outage);
    // Another value: the one that was lost has made its version.
    let request = create_version(&caller).json(&json!({"valueBase64": "dGhyZWU="}));
    send(request).await.expect(200);
    assert_eq!(versions(&caller), 3);
}
