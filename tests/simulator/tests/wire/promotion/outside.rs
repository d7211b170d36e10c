//! Environments with none below them: sandboxes, and the lowest of a group.

use http::Method;
use pingone_aic_simulator::{Mutability, Network};
use serde_json::json;

use super::neighbours::{LOCK, Neighbours, PROMOTE, REPORT, REPORTS, ROLLBACK, STATE};
use crate::caller::{ALL_SCOPES, Caller, HOST, PROMOTION, send};

const SANDBOX: &str = "openam-mycompanysandbox1-ew2.forgeblocks.com";

async fn assert_refused(caller: &Caller) {
    let calls = [
        (Method::GET, STATE.to_owned()),
        (Method::POST, LOCK.to_owned()),
        (
            Method::DELETE,
            format!("{LOCK}/ba594bbe-a589-4676-80a4-42975a56f5b6"),
        ),
        (Method::GET, PROMOTE.to_owned()),
        (Method::POST, PROMOTE.to_owned()),
        (Method::POST, ROLLBACK.to_owned()),
        (Method::GET, REPORT.to_owned()),
        (
            Method::GET,
            format!("{REPORT}/ba594bbe-a589-4676-80a4-42975a56f5b6"),
        ),
        (Method::GET, format!("{REPORT}/provisional-rollback")),
        (Method::GET, REPORTS.to_owned()),
    ];
    for (method, path) in calls {
        let mut request = caller.request(method.clone(), &path, PROMOTION);
        if path == PROMOTE && method == Method::POST {
            request = request.json(&json!({"dryRun": true}));
        } else if [ROLLBACK, LOCK].contains(&path.as_str()) {
            request = request.json(&json!({}));
        }
        let reply = send(request).await;
        let message = reply.json()["message"].clone();
        assert_eq!(reply.status.as_u16(), 404, "{method} {path}: {message}");
        assert!(
            message.as_str().unwrap().contains("below"),
            "{method} {path}: {message}"
        );
    }
}

#[tokio::test]
async fn a_sandbox_takes_no_part() {
    let network = Network::start().await;
    let sandbox = Caller::at(&network, SANDBOX, Mutability::Mutable, &ALL_SCOPES).await;
    assert_refused(&sandbox).await;
    sandbox
        .get(&format!("{REPORT}/provisional"), PROMOTION)
        .await
        .expect(404);
}

#[tokio::test]
async fn the_lowest_of_a_group_pulls_from_nobody() {
    assert_refused(&Neighbours::start().await.lower).await;
}

#[tokio::test]
async fn each_path_has_its_methods() {
    let pair = Neighbours::start().await;
    for path in [LOCK, PROMOTE, ROLLBACK, REPORT, REPORTS, STATE] {
        let reply = pair.upper.put(path, PROMOTION, &json!({})).await;
        assert_eq!(reply.status.as_u16(), 405, "{path}");
    }
    pair.get("/environment/promotion/elsewhere").await.expect(404);
}

#[tokio::test]
#[should_panic(expected = "is in a group already")]
async fn an_environment_is_in_one_group() {
    let network = Network::start().await;
    let dev = network.tenant(HOST, Mutability::Mutable);
    let staging = network.tenant("staging.example", Mutability::Immutable);
    network.group(&[&dev, &staging]);
    network.group(&[&dev, &network.tenant("prod.example", Mutability::Immutable)]);
}

#[tokio::test]
#[should_panic(expected = "the mutability of sandbox.example")]
async fn nothing_is_promoted_to_a_mutable_environment() {
    let network = Network::start().await;
    let dev = network.tenant(HOST, Mutability::Mutable);
    network.group(&[&dev, &network.tenant("sandbox.example", Mutability::Mutable)]);
}
