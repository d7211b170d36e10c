//! What is refused, and when: everything that can be found without a lock is found before it.

use std::time::Duration;

use http::StatusCode;
use pingone_aic_harness::is_condition;
use pingone_aic_simulator::{
    Fault, Realm, Rule,
    tenant::{ConfigItem, ProvisionalSide},
};
use pingone_aic_support::{
    Env,
    company::{Company, Site, THREE},
};
use serde_json::{Value, json};

use crate::promotion::look::{Steps, message, reason, stage};

const LABEL: &str = "am.services.pingone.worker.PingOne.Integration.AIC.credential";

/// That no lock was asked for.
pub fn asked_for_no_lock(env: &Env) {
    let calls = env.network.journal();
    assert!(!calls.iter().any(|call| call.is("POST", "/promotion/lock")));
}

/// Waits until a run in this order is refused for good, and says all of that.
pub async fn stalled(env: &mut Env, order: Value, says: &[&str]) {
    let promotion = json!({
        "apiVersion": "pingone-aic.io/v1alpha1", "kind": "Promotion", "metadata": {"name": "refused"},
        "spec": {"order": order, "upTo": order[1]["name"]},
    });
    env.namespace.apply(promotion).await.unwrap();
    let object = env.until_reason("refused", "GroupInvalid").await;
    assert!(is_condition(&object, "Stalled", "True"));
    for says in says {
        assert!(
            message(&object).contains(says),
            "{} does not say {says}",
            message(&object)
        );
    }
    env.namespace.delete("Promotion", "refused").await.unwrap();
    env.until_gone("refused").await;
}

/// The stage of a site.
pub fn member(site: &Site) -> Value {
    json!({"name": site.stage, "integrations": [site.name]})
}

#[tokio::test]
async fn stages_that_do_not_fit_together_are_named_before_any_lock() {
    let mut env = Env::start("stages that do not fit together").await;
    let company = env.company(&THREE).await;
    let [dev, staging, prod] = ["dev", "staging", "prod"].map(|stage| company.site(stage));
    let skipped = json!([member(dev), member(prod)]);
    stalled(
        &mut env,
        skipped,
        &["prod (Production) cannot follow dev (Development)"],
    )
    .await;
    let backwards = json!([member(prod), member(staging)]);
    stalled(
        &mut env,
        backwards,
        &["staging (Staging) cannot follow prod (Production)"],
    )
    .await;

    // Another name above, and the same environment twice.
    let again = json!({"connectionRef": {"name": staging.name}, "name": "Other-Name", "realm": "alpha", "tenant": {
        "url": staging.tenant.url(), "environment": "Staging", "serviceAccountSecretRef": {"name": format!("aic-{}", staging.name)},
    }});
    let object = json!({"apiVersion": "pingone-aic.io/v1alpha1", "kind": "AICIntegration", "metadata": {"name": "again"}, "spec": again});
    env.namespace.apply(object).await.unwrap();
    let twice = json!([member(staging), {"name": "again", "integrations": ["again"]}]);
    stalled(
        &mut env,
        twice,
        &["are the same environment", "must be the same in the whole group"],
    )
    .await;
    asked_for_no_lock(&env);
    env.check_outputs().await;
}

#[tokio::test]
async fn what_is_missing_is_said_all_at_once_and_waited_for() {
    let mut env = Env::start("what is missing is said all at once").await;
    let company = env.company(&THREE).await;
    let staging = company.site("staging");
    // PingOne refuses the credential, which its connection finds out within its interval; the ESV is gone.
    staging.connection.disable();
    env.until_object("PingOneConnection", &staging.name, |object| {
        let is_refused = is_condition(object.unwrap(), "Active", "False");
        (!is_refused).then(|| "it is not refused".to_owned())
    })
    .await
    .unwrap();
    staging
        .tenant
        .console()
        .delete_secret(pingone_aic_support::fixture::ESV);
    let mut promotion = company.promotion("release", json!({"upTo": "staging"}));
    env.namespace.apply(promotion.clone()).await.unwrap();
    let object = env.until_reason("release", "PreflightFailed").await;
    let esv = "ESV esv-pingone-integration-aic does not exist yet";
    let refused = format!("PingOneConnection {} is not Active", staging.name);
    for says in [esv, &refused] {
        assert!(message(&object).contains(says), "{}", message(&object));
    }
    let next = &object.data["status"]["next"];
    assert_eq!(
        (&next["stage"], &next["provisional"]["totals"]["added"]),
        (&json!("staging"), &json!(3)),
        "what would change can be seen all the same: {next}"
    );
    asked_for_no_lock(&env);
    promotion["metadata"]["name"] = json!("incomplete");
    promotion["spec"]["order"][2]["integrations"] = json!(["nobody"]);
    env.namespace.apply(promotion).await.unwrap();
    let object = env.until_reason("incomplete", "PreflightFailed").await;
    for says in [
        "AICIntegration nobody of stage prod does not exist",
        esv,
        &refused,
    ] {
        assert!(message(&object).contains(says), "{}", message(&object));
    }
    // Nor does an order that can never be hide the rest, but for the ESVs: a lock blocks them, too.
    staging.tenant.console().begin_lock();
    let order = json!([member(company.site("prod")), member(staging)]);
    let locked = format!(
        "{} or the environment below it is not unlocked",
        staging.tenant.host()
    );
    stalled(
        &mut env,
        order,
        &[
            "staging (Staging) cannot follow prod (Production)",
            &refused,
            &locked,
        ],
    )
    .await;
    env.check_outputs().await;
}

#[tokio::test]
async fn the_provisional_report_is_had_from_whichever_side_answers_it() {
    let mut env = Env::start("the provisional report of either side").await;
    let table = [
        (ProvisionalSide::Lower, StatusCode::NOT_FOUND),
        (ProvisionalSide::Upper, StatusCode::NOT_FOUND),
        (ProvisionalSide::Upper, StatusCode::FORBIDDEN),
        (ProvisionalSide::Upper, StatusCode::BAD_REQUEST),
    ];
    for (side, refusal) in table {
        let company = env.company(&THREE).await;
        company.group.set_provisional_side(side);
        company.group.set_provisional_refusal(refusal);
        let look = company.promotion(&company.name, json!({"upTo": "staging"}));
        env.namespace.apply(look).await.unwrap();
        let gated = env.phase(&company.name, "Gated").await.unwrap();
        // Staging has what development has, and production nothing: of another pair the report would be empty.
        let next = &gated.data["status"]["next"];
        assert_eq!(
            (&next["stage"], &next["provisional"]["totals"]["added"]),
            (&json!("prod"), &json!(3)),
            "{side:?}, {refusal}: {next}"
        );
    }
    env.check_outputs().await;
}

#[tokio::test]
async fn what_the_dry_run_finds_ends_the_run_and_the_lock() {
    type Prepare = fn(&Company);
    let table: [(&str, Prepare); 4] = [
        ("EncryptedSecrets", |company| {
            company.site("dev").tenant.set_encrypted_secrets(&["theirs"]);
        }),
        ("MissingESVs", |company| {
            let console = company.site("dev").tenant.console();
            console.create_secret("esv-theirs", "", false, "x");
            console.put_mapping(
                Realm::Alpha,
                "am.services.pingone.worker.theirs.credential",
                "esv-theirs",
            );
        }),
        ("LockFailed", |company| {
            company.site("staging").tenant.fail_next_lock();
        }),
        ("DryRunFailed", |company| {
            company.site("staging").tenant.fail_next_run();
        }),
    ];
    for (wanted, prepare) in table {
        let mut env = Env::start("what the dry run finds").await;
        let company = env.company(&THREE).await;
        prepare(&company);
        let promotion = company.promotion("release", json!({"upTo": "staging"}));
        env.namespace.apply(promotion).await.unwrap();
        let failed = env.phase("release", "Failed").await.unwrap();
        assert_eq!(reason(&failed), wanted, "{}", failed.data["status"]);
        assert_eq!(env.violation(&company), None, "{wanted}");
        assert!(
            company.site("staging").tenant.workers(Realm::Alpha).is_empty(),
            "{wanted}"
        );
        assert!(
            !company
                .site("staging")
                .tenant
                .mappings(Realm::Alpha)
                .contains_key(LABEL)
        );
        env.check_outputs().await;
    }
}

#[tokio::test]
async fn encrypted_secrets_are_left_out_when_the_run_says_so() {
    let mut env = Env::start("encrypted secrets are left out").await;
    let company = env.company(&THREE).await;
    company.site("dev").tenant.set_encrypted_secrets(&["theirs"]);
    let more = json!({"upTo": "staging", "ignoreEncryptedSecrets": true});
    env.release(&company, more).await;
    env.phase("release", "Gated").await.unwrap();
    assert_eq!(stage(&env, "release", 0).await["outcome"], "Promoted");
    assert_eq!(env.violation(&company), None);
}

#[tokio::test]
async fn secrets_in_other_peoples_configuration_reports_and_errors_are_repeated_nowhere() {
    let mut env = Env::start("secrets in other people's configuration").await;
    let company = env.company(&THREE).await;
    let (dev, staging) = (&company.site("dev").tenant, &company.site("staging").tenant);
    let secret = company.site("prod").connection.add_credential().jwt;
    let item = ConfigItem::idm("Email > Templates", "theirs");
    dev.console().put_item(item, &secret);
    // In a name, where a report shows it.
    dev.console()
        .put_item(ConfigItem::idm("Email > Templates", &secret), "theirs");
    // A promotion of theirs, with a description that nobody should have written.
    staging.console().begin_lock();
    env.network.clock().advance(Duration::from_mins(3));
    staging.console().begin_promotion(&secret);
    env.network.clock().advance(Duration::from_mins(15));
    let item = ConfigItem::idm("Email > Templates", "theirs");
    dev.console().put_item(item, &format!("{secret} again"));
    let body = json!({"code": 500, "message": format!("failed at {secret}")}).to_string();
    for path in ["/lock/state", "/promotion/promote", "/promotion/report"] {
        let rule = Rule::on(staging.host()).path_contains(path).after(1).times(2);
        env.network.fault(rule, Fault::status(500).body(&body));
    }
    env.release(&company, json!({"upTo": "staging"})).await;
    env.phase("release", "Gated").await.unwrap();
    assert_eq!(stage(&env, "release", 0).await["outcome"], "Promoted");
    env.check_outputs().await;
}

#[tokio::test]
async fn secrets_in_what_stands_in_the_way_of_a_run_are_repeated_nowhere() {
    type Prepare = fn(&Company, &str);
    let table: [(&str, Prepare); 3] = [
        ("EncryptedSecrets", |company, secret| {
            company.site("dev").tenant.set_encrypted_secrets(&[secret]);
        }),
        ("MissingESVs", |company, secret| {
            company.site("dev").tenant.console().put_mapping(
                Realm::Alpha,
                "am.services.pingone.worker.theirs.credential",
                secret,
            );
        }),
        ("DryRunFailed", |company, secret| {
            let why = format!("failed at {secret}");
            company.site("staging").tenant.fail_next_run_saying(&why);
        }),
    ];
    let mut env = Env::start("secrets in what stands in the way").await;
    for (wanted, prepare) in table {
        let company = env.company(&THREE).await;
        prepare(&company, &company.site("prod").connection.add_credential().jwt);
        let run = company.promotion(&company.name, json!({"upTo": "staging"}));
        env.namespace.apply(run).await.unwrap();
        let failed = env.phase(&company.name, "Failed").await.unwrap();
        assert_eq!(reason(&failed), wanted, "{}", failed.data["status"]);
        assert!(message(&failed).contains("[redacted]"), "{}", message(&failed));
        assert_eq!(env.violation(&company), None, "{wanted}");
    }
    env.check_outputs().await;
}
