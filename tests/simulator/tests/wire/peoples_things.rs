//! Which calls have changed what a person made.

use pingone_aic_simulator::Realm;
use serde_json::json;

use crate::caller::{AM, Caller, ESV, credential_label, mapping_path, realm_path, worker_path};

const SECRET: &str = "/environment/secrets/esv-a";

fn service_path() -> String {
    format!("{}/services/pingOneWorkerService", realm_path("alpha"))
}

#[tokio::test]
async fn every_change_of_what_a_person_made_is_told() {
    let caller = Caller::start().await;
    let console = caller.tenant.console();
    let label = credential_label("A.B");
    let worker = json!({"useCredential": true, "credentialPurpose": "A.B"});
    console.create_secret("esv-a", "theirs", false, "value");
    console.set_worker_service(Realm::Alpha, true);
    console.put_worker(Realm::Alpha, "a", worker.clone());
    console.put_mapping(Realm::Alpha, &label, "esv-a");
    for path in [SECRET, &service_path(), &worker_path("alpha", "a")] {
        let version = if path == SECRET { ESV } else { AM };
        caller.get(path, version).await.expect(200);
    }
    assert!(
        caller.network.touched_of_people().is_empty(),
        "reading changes nothing"
    );

    let describe = format!("{SECRET}?_action=setDescription");
    caller
        .post(&describe, ESV, &json!({"description": "ours"}))
        .await
        .expect(200);
    caller
        .put(&service_path(), AM, &json!({"enabled": false}))
        .await
        .expect(200);
    caller
        .put(&worker_path("alpha", "a"), AM, &worker)
        .await
        .expect(200);
    caller
        .delete(&mapping_path("alpha", &label), AM)
        .await
        .expect(200);
    let touched = caller.network.touched_of_people();
    assert_eq!(touched.len(), 4, "{touched:?}");

    // What they hand over may be changed from then on.
    console.hand_over();
    caller.delete(SECRET, ESV).await.expect(200);
    assert_eq!(caller.network.touched_of_people().len(), 4);
}

#[tokio::test]
async fn what_a_person_made_again_may_be_put_right_and_only_then_be_removed() {
    let caller = Caller::start().await;
    let console = caller.tenant.console();
    let make_again = || {
        console.delete_secret("esv-a");
        console.create_secret("esv-a", "theirs", false, "another");
    };
    caller.create_secret("esv-a", "value").await;
    make_again();
    let describe = format!("{SECRET}?_action=setDescription");
    caller
        .post(&describe, ESV, &json!({"description": "ours"}))
        .await
        .expect(200);
    caller.delete(SECRET, ESV).await.expect(200);
    assert!(caller.network.touched_of_people().is_empty());

    caller.create_secret("esv-a", "value").await;
    make_again();
    caller.delete(SECRET, ESV).await.expect(200);
    let touched = caller.network.touched_of_people();
    assert_eq!(touched.len(), 1, "{touched:?}");
}
