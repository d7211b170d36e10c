//! The list of ESV secrets.

use serde_json::{Value, json};

use crate::caller::{Caller, assert_as_described};

async fn caller_with_secrets(count: usize) -> Caller {
    let caller = Caller::start().await;
    for index in 0..count {
        caller
            .tenant
            .console()
            .create_secret(&format!("esv-{index:03}"), "", index == 0, "x");
    }
    caller
}

fn ids(list: &Value) -> Vec<&str> {
    list["result"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["_id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn by_the_first_resource_version_the_list_comes_at_once() {
    let caller = caller_with_secrets(30).await;
    let list = caller
        .get("/environment/secrets", "protocol=1.0,resource=1.0")
        .await
        .expect(200);
    assert_eq!((list["resultCount"].as_u64(), ids(&list).len()), (Some(30), 30));
    assert_eq!(list["pagedResultsCookie"], Value::Null);
    assert_as_described(&caller.network);
}

#[tokio::test]
async fn by_the_second_resource_version_the_list_comes_in_pages() {
    let caller = caller_with_secrets(30).await;
    let version = "protocol=1.0,resource=2.0";
    let first = caller.get("/environment/secrets", version).await.expect(200);
    assert_eq!(
        (ids(&first).len(), &first["remainingPagedResults"]),
        (25, &json!(5))
    );
    let cookie = first["pagedResultsCookie"].as_str().unwrap();
    let path = format!("/environment/secrets?_pagedResultsCookie={cookie}");
    let second = caller.get(&path, version).await.expect(200);
    assert_eq!(
        ids(&second),
        ["esv-025", "esv-026", "esv-027", "esv-028", "esv-029"]
    );
    assert_eq!(
        (&second["pagedResultsCookie"], &second["totalPagedResults"]),
        (&Value::Null, &json!(30))
    );
    let path = "/environment/secrets?_pageSize=2&_pagedResultsOffset=3";
    assert_eq!(
        ids(&caller.get(path, version).await.expect(200)),
        ["esv-003", "esv-004"]
    );
    let pending = caller
        .get("/environment/secrets?_onlyPending=true", version)
        .await
        .expect(200);
    assert_eq!(ids(&pending), ["esv-000"]);
    caller
        .get("/environment/secrets?_pageSize=100", version)
        .await
        .expect(200);
    assert_as_described(&caller.network);
}

#[tokio::test]
async fn a_page_has_at_most_a_hundred() {
    let caller = caller_with_secrets(1).await;
    for size in ["101", "0", "many"] {
        let path = format!("/environment/secrets?_pageSize={size}");
        caller.get(&path, "protocol=1.0,resource=2.0").await.expect(400);
    }
}

#[tokio::test]
async fn a_request_that_the_description_does_not_know_is_a_violation() {
    let caller = caller_with_secrets(1).await;
    caller
        .get("/environment/secrets?_pageSize=101", "protocol=1.0,resource=2.0")
        .await
        .expect(400);
    caller
        .get("/environment/nothing", "resource=1.0")
        .await
        .expect(404);
    let found = caller.network.openapi_violations();
    if std::env::var_os("AIC_OPENAPI").is_none() {
        assert!(
            found.is_empty(),
            "nothing can be found without a description: {found:?}"
        );
        return;
    }
    let exchanges: Vec<_> = found
        .iter()
        .map(|violation| violation.exchange.as_str())
        .collect();
    assert_eq!(
        exchanges,
        ["GET /environment/secrets", "GET /environment/nothing"],
        "{found:?}"
    );
}
