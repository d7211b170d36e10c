//! ESV secrets and their versions.

use jiff::Timestamp;
use pingone_aic_simulator::tenant::Console;
use serde_json::{Value, json};

use crate::caller::{Caller, ESV, assert_as_described, base64, send};

const SECRET: &str = "/environment/secrets/esv-a";

pub(crate) fn body(encoding: &str, placeholders: bool, value: &str) -> Value {
    json!({"encoding": encoding, "useInPlaceholders": placeholders, "valueBase64": base64(value)})
}

#[tokio::test]
async fn a_secret_is_created_read_without_its_value_and_deleted() {
    let caller = Caller::start().await;
    let missing = "The secret does not exist or does not have a version";
    assert_eq!(caller.get(SECRET, ESV).await.expect(404)["message"], missing);
    let mut wanted = body("generic", false, "one");
    wanted["description"] = json!("mine");
    let reply = caller.put(SECRET, ESV, &wanted).await;
    assert_eq!(reply.header("content-type"), "application/json");
    reply.expect(200);
    let read = caller.get(SECRET, ESV).await.expect(200);
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
    assert_eq!(caller.delete(SECRET, ESV).await.expect(404)["message"], missing);
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
    assert_eq!(
        refused["message"],
        "Failed to create secret, the secret already exists"
    );
    assert_eq!(caller.tenant.secret("esv-a").unwrap().versions.len(), 1);
}

#[tokio::test]
async fn an_id_has_to_fit_its_pattern() {
    let caller = Caller::start().await;
    let longest = format!("esv-{}", "a".repeat(120));
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
        ("useInPlaceholders", json!("no")),
        ("valueBase64", json!("not base64!")),
        ("description", json!("d".repeat(1001))),
    ] {
        let mut wrong = body("generic", false, "x");
        wrong[name] = value;
        caller.put(SECRET, ESV, &wrong).await.expect(400);
    }
    let unknown = caller
        .put(SECRET, ESV, &body("utf8", false, "x"))
        .await
        .expect(422);
    assert_eq!(
        (&unknown["code"], unknown["message"].as_str()),
        (
            &json!(606),
            Some("encoding in body should be one of [generic pem base64hmac base64aes]")
        )
    );
    let text = caller
        .request(http::Method::PUT, SECRET, ESV)
        .body(body("generic", false, "x").to_string());
    send(text).await.expect(415);
    assert!(caller.tenant.secrets().is_empty());
}

#[tokio::test]
async fn a_value_has_at_most_65535_bytes() {
    let caller = Caller::start().await;
    for (length, status) in [(65_536, 400), (65_535, 200)] {
        caller
            .put(SECRET, ESV, &body("generic", false, &"x".repeat(length)))
            .await
            .expect(status);
    }
    caller
        .post(
            &format!("{SECRET}/versions?_action=create"),
            ESV,
            &json!({"valueBase64": base64(&"y".repeat(65_536))}),
        )
        .await
        .expect(400);
}

/// How many digits a date's seconds have after the point, without trailing zeros.
fn fraction(date: &Value) -> usize {
    let date = date.as_str().unwrap().trim_end_matches('Z');
    let digits = date.split_once('.').map_or("", |(_, digits)| digits);
    assert!(!digits.ends_with('0'), "{date}");
    digits.len()
}

#[tokio::test]
async fn a_date_is_in_nanoseconds_where_it_is_fresh_and_in_microseconds_afterwards() {
    let caller = Caller::start().await;
    let mut longest = 0;
    for index in 0..8 {
        let id = format!("esv-{index}");
        let fresh = caller.create_secret(&id, "x").await["lastChangeDate"].clone();
        longest = longest.max(fraction(&fresh));
        let path = format!("/environment/secrets/{id}");
        let read = caller.get(&path, ESV).await.expect(200)["lastChangeDate"].clone();
        assert!(fraction(&read) <= 6, "{read}");
        let instant = |date: &Value| date.as_str().unwrap().parse::<Timestamp>().unwrap();
        assert_eq!(instant(&fresh).as_microsecond(), instant(&read).as_microsecond());
        assert_eq!(caller.tenant.secret(&id).unwrap().last_change, instant(&fresh));
    }
    assert!(longest > 6, "{longest}");
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
async fn a_description_is_set_with_an_empty_answer() {
    let caller = Caller::start().await;
    caller.create_secret("esv-a", "one").await;
    let path = format!("{SECRET}?_action=setDescription");
    let reply = caller.post(&path, ESV, &json!({"description": "new"})).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, ""));
    let changed = caller.get(SECRET, ESV).await.expect(200);
    assert_eq!(changed["description"], "new");
    caller
        .post(&path, ESV, &json!({"description": "new"}))
        .await
        .expect(200);
    assert_eq!(
        caller.get(SECRET, ESV).await.expect(200),
        changed,
        "the same text is no change, and has no date"
    );
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
async fn a_path_that_is_not_there_is_told() {
    let caller = Caller::start().await;
    let refused = caller.get("/environment/nothing", ESV).await.expect(404);
    assert_eq!(refused["message"], "path /environment/nothing was not found");
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
