//! Versions of ESV secrets.

use std::time::Duration;

use jiff::Timestamp;
use pingone_aic_simulator::tenant::VersionStatus;
use serde_json::{Value, json};

use crate::caller::{Caller, ESV, Reply, assert_as_described, base64};
use crate::esv::body;

const SECRET: &str = "/environment/secrets/esv-a";
const NO_SECRET: &str = "The secret does not exist or does not have a version";
const NOT_THERE: &str = "/environment/secrets/esv-b";

impl Caller {
    async fn add_version(&self, value: &str) -> Value {
        let path = format!("{SECRET}/versions?_action=create");
        self.post(&path, ESV, &json!({"valueBase64": base64(value)}))
            .await
            .expect(200)
    }

    async fn change_status(&self, version: &str, status: &str) -> Reply {
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
async fn versions_are_a_bare_array_with_the_newest_first() {
    let caller = Caller::start().await;
    caller.create_secret("esv-a", "one").await;
    let version = caller.add_version("two").await;
    assert_eq!(
        (version["version"].as_str(), version["status"].as_str()),
        (Some("2"), Some("ENABLED"))
    );
    assert_eq!(version["loaded"], false, "whatever the secret's own says");
    let created: Timestamp = version["createDate"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        caller.tenant.secret("esv-a").unwrap().versions[1].created,
        created
    );
    assert_eq!(
        created.subsec_nanosecond() % 1_000,
        0,
        "a version's date is in microseconds"
    );
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
    let missing = caller.get(&format!("{SECRET}/versions/3"), ESV).await.expect(404);
    assert_eq!(missing["message"], "Failed to get secret version");
    assert_as_described(&caller.network);
}

#[tokio::test]
async fn the_latest_version_cannot_be_disabled() {
    let caller = Caller::start().await;
    caller.create_secret("esv-a", "one").await;
    caller.add_version("two").await;
    let refused = caller.change_status("2", "DISABLED").await.expect(400);
    assert_eq!(refused["message"], "Cannot disable latest secret version");
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
    let missing = caller.change_status("7", "DISABLED").await.expect(404);
    assert_eq!(missing["message"], NO_SECRET);
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
    for path in [
        path,
        format!("{SECRET}/versions/7"),
        format!("{NOT_THERE}/versions/1"),
    ] {
        let failed = caller.delete(&path, ESV).await.expect(500);
        assert_eq!(failed["message"], "Failed to delete secret version");
    }
    let version = &caller.tenant.secret("esv-a").unwrap().versions[0];
    assert!(version.status == VersionStatus::Destroyed && version.value.is_empty());
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
    let request = || caller.act(&restart, ESV);
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
async fn a_secret_that_is_not_there_is_told_in_three_ways() {
    let caller = Caller::start().await;
    let versions = format!("{NOT_THERE}/versions");
    let value = json!({"valueBase64": base64("x")});
    let status = json!({"status": "DISABLED"});
    let create = format!("{versions}?_action=create");
    let change = format!("{versions}/1?_action=changestatus");
    for (reply, message) in [
        (caller.get(&versions, ESV).await, NO_SECRET),
        (caller.post(&change, ESV, &status).await, NO_SECRET),
        (
            caller.get(&format!("{versions}/1"), ESV).await,
            "Failed to get secret version",
        ),
        (
            caller.post(&create, ESV, &value).await,
            "Failed to create secret version",
        ),
    ] {
        assert_eq!(reply.expect(404)["message"], message);
    }
}

#[tokio::test]
async fn the_value_of_the_newest_version_again_makes_none() {
    let caller = Caller::start().await;
    caller.create_secret("esv-a", "one").await;
    let second = caller.add_version("two").await;
    let before = caller.get(SECRET, ESV).await.expect(200);
    assert_eq!(caller.add_version("two").await, second, "with its old date");
    caller.tenant.console().add_version("esv-a", "two");
    assert_eq!(caller.get(SECRET, ESV).await.expect(200), before);
    assert_eq!(
        caller.add_version("one").await["version"],
        "3",
        "an older value is new"
    );
    caller
        .delete(&format!("{SECRET}/versions/3"), ESV)
        .await
        .expect(200);
    assert_eq!(
        caller.add_version("one").await["version"],
        "4",
        "what is destroyed is gone"
    );
}

#[tokio::test]
async fn a_new_version_and_its_secret_are_dated_apart_and_every_change_anew() {
    let caller = Caller::start().await;
    caller.create_secret("esv-a", "one").await;
    let mut dates = Vec::new();
    for value in ["two", "three", "four"] {
        let created = caller.add_version(value).await["createDate"].clone();
        let changed = caller.get(SECRET, ESV).await.expect(200)["lastChangeDate"].clone();
        let instant = |date: Value| date.as_str().unwrap().parse::<Timestamp>().unwrap();
        let (created, changed) = (instant(created), instant(changed));
        assert!(created < changed, "{created} {changed}");
        dates.push(changed);
        caller.tenant.console().set_description("esv-a", value);
        dates.push(caller.tenant.secret("esv-a").unwrap().last_change);
    }
    assert!(dates.is_sorted_by(|one, next| one < next), "{dates:?}");
}

#[tokio::test]
async fn no_version_is_active_where_none_is_enabled() {
    let caller = Caller::start().await;
    caller.create_secret("esv-a", "one").await;
    caller.add_version("two").await;
    let newest = format!("{SECRET}/versions/2");
    caller.change_status("1", "DISABLED").await.expect(200);
    caller.delete(&newest, ESV).await.expect(400);
    caller.change_status("1", "ENABLED").await.expect(200);
    caller.delete(&newest, ESV).await.expect(200);
    assert_eq!(caller.get(SECRET, ESV).await.expect(200)["activeVersion"], "1");
    caller.change_status("1", "DISABLED").await.expect(200);
    let read = caller.get(SECRET, ESV).await.expect(200);
    assert_eq!(
        (&read["activeVersion"], &read["loadedVersion"]),
        (&json!(""), &json!(""))
    );
    assert_as_described(&caller.network);
}
