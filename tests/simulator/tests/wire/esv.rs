//! ESV secrets and their versions.

use std::time::Duration;

use pingone_aic_simulator::tenant::{Console, VersionStatus};
use serde_json::{Value, json};

use crate::caller::{Caller, ESV, assert_as_described, base64, send};

const SECRET: &str = "/environment/secrets/esv-a";

fn body(encoding: &str, placeholders: bool, value: &str) -> Value {
    json!({"encoding": encoding, "useInPlaceholders": placeholders, "valueBase64": base64(value)})
}

impl Caller {
    async fn add_version(&self, value: &str) -> Value {
        let path = format!("{SECRET}/versions?_action=create");
        self.post(&path, ESV, &json!({"valueBase64": base64(value)}))
            .await
            .expect(200)
    }

    async fn change_status(&self, version: &str, status: &str) -> crate::caller::Reply {
        let path = format!("{SECRET}/versions/{version}?_action=changestatus");
        self.post(&path, ESV, &json!({"status": status})).await
    }

    /// Numbers and statuses as listed.
    async fn listed(&self) -> Vec<(String, String)> {
        let versions = self.get(&format!("{SECRET}/versions"), ESV).await.expect(200);
        let text = |version: &Value, name: &str| version[name].as_str().unwrap().to_owned();
        let versions = versions.as_array().expect("a bare array").iter();
        versions
            .map(|version| (text(version, "version"), text(version, "status")))
            .collect()
    }
}

#[tokio::test]
async fn a_secret_is_created_read_without_its_value_and_deleted() {
    let caller = Caller::start().await;
    caller.get(SECRET, ESV).await.expect(404);
    let mut wanted = body("generic", false, "one");
    wanted["description"] = json!("mine");
    let reply = caller.put(SECRET, ESV, &wanted).await;
    assert_eq!(reply.header("content-api-version"), "resource=1.0");
    let created = reply.expect(200);
    let read = caller.get(SECRET, ESV).await.expect(200);
    assert_eq!(created, read);
    for (name, value) in [
        ("_id", json!("esv-a")),
        ("activeVersion", json!("1")),
        ("loadedVersion", json!("1")),
        ("loaded", json!(true)),
        ("description", json!("mine")),
        ("lastChangedBy", json!("operator")),
    ] {
        assert_eq!(read[name], value, "{name}");
    }
    assert!(!read.to_string().contains("one") && !read.to_string().contains(&base64("one")));
    assert_eq!(caller.tenant.secret("esv-a").unwrap().versions[0].value, b"one");
    caller.delete(SECRET, ESV).await.expect(200);
    caller.delete(SECRET, ESV).await.expect(404);
    assert!(caller.tenant.secrets().is_empty());
    assert_as_described(&caller.network);
}

#[tokio::test]
async fn put_creates_only() {
    let caller = Caller::start().await;
    caller
        .put(SECRET, ESV, &body("generic", false, "one"))
        .await
        .expect(200);
    let refused = caller
        .put(SECRET, ESV, &body("generic", false, "two"))
        .await
        .expect(400);
    assert!(refused["message"].as_str().unwrap().contains("already exists"));
    assert_eq!(caller.tenant.secret("esv-a").unwrap().versions.len(), 1);
}

#[tokio::test]
async fn an_id_has_to_fit_its_pattern() {
    let caller = Caller::start().await;
    let longest = format!("esv-{}", "a".repeat(124));
    for (id, status) in [
        ("esv-a_b-9", 200),
        (longest.as_str(), 200),
        (&format!("{longest}a"), 400),
        ("esv-", 400),
        ("esv-A", 400),
        ("other", 400),
        ("esv-a.b", 400),
    ] {
        let path = format!("/environment/secrets/{id}");
        caller
            .put(&path, ESV, &body("generic", false, "x"))
            .await
            .expect(status);
    }
}

#[tokio::test]
async fn three_members_are_required_and_well_formed() {
    let caller = Caller::start().await;
    for name in ["encoding", "useInPlaceholders", "valueBase64"] {
        let mut lacking = body("generic", false, "x");
        lacking.as_object_mut().unwrap().remove(name);
        caller.put(SECRET, ESV, &lacking).await.expect(400);
    }
    for (name, value) in [
        ("encoding", json!("utf8")),
        ("useInPlaceholders", json!("no")),
        ("valueBase64", json!("not base64!")),
        ("description", json!("d".repeat(1001))),
    ] {
        let mut wrong = body("generic", false, "x");
        wrong[name] = value;
        caller.put(SECRET, ESV, &wrong).await.expect(400);
    }
    let text = caller
        .request(http::Method::PUT, SECRET, ESV)
        .body(body("generic", false, "x").to_string());
    send(text).await.expect(415);
    assert!(caller.tenant.secrets().is_empty());
}

#[tokio::test]
async fn content_that_does_not_fit_its_encoding_gives_500() {
    let caller = Caller::start().await;
    let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (id, encoding, value, status) in [
        ("a", "pem", "x", 500),
        ("b", "pem", pem, 200),
        ("c", "base64hmac", "!", 500),
        ("d", "base64hmac", "c2VjcmV0", 200),
        ("e", "base64aes", "!", 500),
        ("f", "base64aes", "c2VjcmV0", 200),
    ] {
        let path = format!("/environment/secrets/esv-{id}");
        caller
            .put(&path, ESV, &body(encoding, false, value))
            .await
            .expect(status);
    }
    let path = "/environment/secrets/esv-b/versions?_action=create";
    caller
        .post(path, ESV, &json!({"valueBase64": base64("x")}))
        .await
        .expect(500);
    assert_as_described(&caller.network);
}

#[tokio::test]
async fn versions_are_a_bare_array_with_the_newest_first() {
    let caller = Caller::start().await;
    caller.create_secret("esv-a", "one").await;
    let version = caller.add_version("two").await;
    assert_eq!(
        (version["version"].as_str(), version["status"].as_str()),
        (Some("2"), Some("ENABLED"))
    );
    assert!(version["createDate"].is_string() && version["loaded"] == true);
    let enabled = |number: &str| (number.to_owned(), "ENABLED".to_owned());
    assert_eq!(caller.listed().await, [enabled("2"), enabled("1")]);
    assert_eq!(caller.get(SECRET, ESV).await.expect(200)["activeVersion"], "2");
    assert_eq!(
        caller
            .get(&format!("{SECRET}/versions/latest"), ESV)
            .await
            .expect(200),
        version
    );
    caller.get(&format!("{SECRET}/versions/3"), ESV).await.expect(404);
    assert_as_described(&caller.network);
}

#[tokio::test]
async fn the_latest_version_cannot_be_disabled() {
    let caller = Caller::start().await;
    caller.create_secret("esv-a", "one").await;
    caller.add_version("two").await;
    caller.change_status("2", "DISABLED").await.expect(400);
    caller.change_status("latest", "DISABLED").await.expect(400);
    assert_eq!(
        caller.change_status("1", "DISABLED").await.expect(200)["status"],
        "DISABLED"
    );
    assert_eq!(
        caller.change_status("1", "ENABLED").await.expect(200)["status"],
        "ENABLED"
    );
    assert_as_described(&caller.network);
    caller.change_status("1", "DESTROYED").await.expect(400);
    caller.change_status("7", "DISABLED").await.expect(404);
}

#[tokio::test]
async fn a_destroyed_version_stays_listed() {
    let caller = Caller::start().await;
    caller.create_secret("esv-a", "one").await;
    caller.add_version("two").await;
    let path = format!("{SECRET}/versions/1");
    assert_eq!(caller.delete(&path, ESV).await.expect(200)["status"], "DESTROYED");
    let listed = caller.listed().await;
    assert_eq!(listed[1], ("1".to_owned(), "DESTROYED".to_owned()));
    caller.change_status("1", "ENABLED").await.expect(400);
    caller.delete(&path, ESV).await.expect(400);
    let version = &caller.tenant.secret("esv-a").unwrap().versions[0];
    assert!(version.status == VersionStatus::Destroyed && version.value.is_empty());
}

#[tokio::test]
async fn a_description_is_set_with_an_empty_answer() {
    let caller = Caller::start().await;
    caller.create_secret("esv-a", "one").await;
    let path = format!("{SECRET}?_action=setDescription");
    let reply = caller.post(&path, ESV, &json!({"description": "new"})).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, ""));
    assert_eq!(caller.get(SECRET, ESV).await.expect(200)["description"], "new");
    assert_as_described(&caller.network);
    caller.post(&path, ESV, &json!({})).await.expect(400);
    caller
        .post(&path, ESV, &json!({"description": "d".repeat(1001)}))
        .await
        .expect(400);
    caller
        .post(&format!("{SECRET}?_action=other"), ESV, &json!({}))
        .await
        .expect(400);
    caller
        .post(
            "/environment/secrets/esv-b?_action=setDescription",
            ESV,
            &json!({"description": ""}),
        )
        .await
        .expect(404);
}

#[tokio::test]
async fn with_placeholders_a_version_waits_for_a_restart() {
    let caller = Caller::start().await;
    let created = caller
        .put(SECRET, ESV, &body("generic", true, "one"))
        .await
        .expect(200);
    assert_eq!(
        (&created["loaded"], &created["loadedVersion"]),
        (&json!(false), &json!(""))
    );
    let startup = "/environment/startup";
    let status = async || caller.get(startup, ESV).await.expect(200)["restartStatus"].clone();
    assert_eq!(status().await, "ready");
    let restart = format!("{startup}?_action=restart");
    let request = || send(caller.request(http::Method::POST, &restart, ESV));
    assert_eq!(request().await.expect(200)["restartStatus"], "restarting");
    request().await.expect(400);
    assert_eq!(status().await, "restarting");
    caller.network.clock().advance(Duration::from_mins(5));
    assert_eq!(status().await, "ready");
    let loaded = caller.get(SECRET, ESV).await.expect(200);
    assert_eq!(
        (&loaded["loaded"], &loaded["loadedVersion"]),
        (&json!(true), &json!("1"))
    );
    assert_eq!(caller.add_version("two").await["loaded"], false);
    let pending = caller.get(SECRET, ESV).await.expect(200);
    assert_eq!(
        (&pending["loaded"], &pending["loadedVersion"]),
        (&json!(false), &json!("1"))
    );
    assert_as_described(&caller.network);
}

#[tokio::test]
async fn the_version_header_may_be_left_out_but_not_be_wrong() {
    let caller = Caller::start().await;
    let url = format!("{}/environment/secrets", caller.tenant.url());
    send(caller.http.get(url).bearer_auth(&caller.token))
        .await
        .expect(200);
    caller
        .get("/environment/secrets", "resource=1.0")
        .await
        .expect(200);
    for wrong in ["resource=3.0", "protocol=9.0,resource=1.0", "nonsense"] {
        caller.get("/environment/secrets", wrong).await.expect(404);
    }
}

#[tokio::test]
async fn a_person_at_the_console_leaves_their_name() {
    let caller = Caller::start().await;
    let console = caller.tenant.console();
    console.create_secret("esv-a", "by hand", false, "one");
    console.add_version("esv-a", "two");
    console.set_description("esv-a", "changed");
    let read = caller.get(SECRET, ESV).await.expect(200);
    assert_eq!(
        (&read["activeVersion"], &read["description"]),
        (&json!("2"), &json!("changed"))
    );
    assert_eq!(read["lastChangedBy"], Console::PERSON);
    assert!(caller.network.journal().iter().all(|it| it.method != "PUT"));
    console.delete_secret("esv-a");
    caller.get(SECRET, ESV).await.expect(404);
}
