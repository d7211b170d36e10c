//! Reports.

use std::time::Duration;

use pingone_aic_simulator::Realm;
use pingone_aic_simulator::tenant::ConfigItem;
use serde_json::{Value, json};

use super::neighbours::{Neighbours, REPORT, REPORTS, text};
use crate::caller::{assert_as_described, credential_label};

/// The names under a kind of configuration and a change.
fn names(report: &Value, part: &str, kind: &str, change: &str) -> Vec<String> {
    let items = report["report"][part].as_array();
    let item = items.and_then(|items| items.iter().find(|item| item["configItem"] == kind));
    let changed = item.and_then(|item| item["configChange"][change].as_array());
    changed
        .map(|changed| changed.iter().map(|it| text(&it["name"])).collect())
        .unwrap_or_default()
}

#[tokio::test]
async fn a_report_tells_who_promoted_what_and_why() {
    let mut pair = Neighbours::start().await;
    let id = pair.lock().await;
    pair.promote(&json!({"dryRun": false, "promoter": "Barb Jensen", "promotionDescription": "our journey"}))
        .await;
    let report = pair.get(REPORT).await.expect(200);
    let expected = [
        ("promoter", json!("Barb Jensen")),
        ("promotionDescription", json!("our journey")),
        ("promotionId", json!(id)),
        ("dryRun", json!(false)),
        ("type", json!("promotion")),
    ];
    for (name, value) in expected {
        assert_eq!(report[name], value, "{name}");
    }
    let name = text(&report["reportName"]);
    assert!(
        name.starts_with("Report_") && name.contains("_dryrun=false_"),
        "{name}"
    );
    let worker = "PingOne Worker Service > Workers";
    assert_eq!(names(&report, "AMConfig", worker, "added"), ["a"]);
    let mapping = "Secret Stores > Mappings";
    assert_eq!(
        names(&report, "AMConfig", mapping, "added"),
        [credential_label("A")]
    );
    assert_eq!(
        names(&report, "AMConfig", "Services", "added"),
        ["PingOne Worker Service"]
    );
    assert_eq!(
        report["report"]["AMConfig"][0]["configChange"]["added"][0]["realm"],
        "/alpha"
    );

    pair.promote(&json!({"dryRun": true})).await;
    let report = pair.get(REPORT).await.expect(200);
    assert_eq!(report["promoter"], "operator", "the caller, if nobody is named");
    assert_eq!(report["report"], json!({}), "nothing is left to promote");
}

#[tokio::test]
async fn changes_are_told_by_their_kind() {
    let mut pair = Neighbours::start().await;
    let item = |name: &str| ConfigItem::idm("Email > Templates", name);
    let (lower, upper) = (pair.lower.tenant.console(), pair.upper.tenant.console());
    for (name, below, above) in [
        ("added", Some("1"), None),
        ("modified", Some("2"), Some("1")),
        ("deleted", None, Some("1")),
        ("same", Some("1"), Some("1")),
    ] {
        if let Some(content) = below {
            lower.put_item(item(name), content);
        }
        if let Some(content) = above {
            upper.put_item(item(name), content);
        }
    }
    lower.put_item(ConfigItem::am(Realm::Bravo, "Journeys", "Login"), "1");
    pair.lock().await;
    pair.promote(&json!({"dryRun": true})).await;
    let report = pair.get(REPORT).await.expect(200);
    for change in ["added", "modified", "deleted"] {
        assert_eq!(names(&report, "IDMConfig", "Email > Templates", change), [change]);
    }
    assert_eq!(names(&report, "AMConfig", "Journeys", "added"), ["Login"]);
}

#[tokio::test]
async fn the_list_has_the_newest_first_and_no_description() {
    let mut pair = Neighbours::start().await;
    assert_eq!(pair.get(REPORTS).await.expect(200), json!([]));
    pair.get(REPORT).await.expect(404);
    pair.lock().await;
    for dry_run in [true, false] {
        pair.promote(&json!({"dryRun": dry_run, "promotionDescription": format!("dry: {dry_run}")}))
            .await;
    }
    let list = pair.get(REPORTS).await.expect(200);
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), 2);
    for (entry, dry_run) in list.iter().zip([false, true]) {
        assert_eq!(entry["dryRun"], dry_run);
        assert_eq!(entry.get("promotionDescription"), None);
        let by_id = format!("{REPORT}/{}", text(&entry["reportId"]));
        let report = pair.get(&by_id).await.expect(200);
        assert_eq!(report["promotionDescription"], format!("dry: {dry_run}"));
        assert_eq!(report["promotionId"], entry["promotionId"]);
    }
    assert!(text(&list[0]["createdDate"]) > text(&list[1]["createdDate"]));
    pair.get(&format!("{REPORT}/da0c66a4-9f37-4f9a-9988-0786ad301b17"))
        .await
        .expect(404);
}

#[tokio::test]
async fn a_report_can_come_a_while_after_its_run_has_ended() {
    let mut pair = Neighbours::start().await;
    pair.group.set_report_lag(Duration::from_secs(90));
    pair.lock().await;
    pair.promote(&json!({"dryRun": true})).await;
    pair.pass(60).await;
    assert_eq!(
        (pair.status().await[0].as_str(), pair.reports().await),
        ("READY", 0)
    );
    pair.get(REPORT).await.expect(404);
    pair.pass(30).await;
    let listed = pair.get(REPORTS).await.expect(200);
    let by_id = format!("{REPORT}/{}", text(&listed[0]["reportId"]));
    for path in [REPORT, &by_id] {
        assert_eq!(pair.get(path).await.expect(200)["dryRun"], true);
    }
}

#[tokio::test]
async fn a_report_can_lack_what_clients_would_like_to_have() {
    let mut pair = Neighbours::start().await;
    pair.lock().await;
    pair.upper.tenant.omit_from_next_report(&["reportId", "dryRun"]);
    pair.promote(&json!({"dryRun": true})).await;
    let last = pair.get(REPORT).await.expect(200);
    let listed = pair.get(REPORTS).await.expect(200)[0].clone();
    for report in [last, listed] {
        assert_eq!((report.get("reportId"), report.get("dryRun")), (None, None));
        assert!(report["promotionId"].is_string(), "{report}");
    }
    pair.promote(&json!({"dryRun": true})).await;
    assert_eq!(
        pair.get(REPORTS).await.expect(200)[0]["dryRun"],
        true,
        "only the next one"
    );
    assert_as_described(&pair.upper.network);
}

#[tokio::test]
async fn dates_are_written_in_two_forms() {
    let mut pair = Neighbours::start().await;
    pair.lock().await;
    pair.promote(&json!({"dryRun": true})).await;
    let listed = text(&pair.get(REPORTS).await.expect(200)[0]["createdDate"]);
    let date: jiff::Timestamp = listed.parse().unwrap();
    let by_id = text(&pair.get(REPORT).await.expect(200)["createdDate"]);
    assert_eq!(by_id, date.strftime("%Y-%m-%dT%H-%M+00Z").to_string());
}
