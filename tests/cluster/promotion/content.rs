//! What is promoted is what was looked at: other people promote and edit while a run waits at its gate.

use std::time::Duration;

use pingone_aic_simulator::{Fault, Rule, tenant::ConfigItem};
use pingone_aic_support::{
    Env,
    company::{Company, THREE},
};
use serde_json::{Value, json};

use crate::promotion::look::{Steps, message, promotions, reason, stage};

fn theirs(company: &Company, name: &str) {
    let item = ConfigItem::idm("Email > Templates", name);
    company.site("dev").tenant.console().put_item(item, "a change");
}

/// Somebody edits development and promotes that into staging at the console.
fn promote_into_staging(env: &Env, company: &Company) {
    theirs(company, "theirs");
    let staging = &company.site("staging").tenant;
    staging.console().begin_lock();
    env.network.clock().advance(Duration::from_mins(3));
    staging.console().begin_promotion("theirs");
    env.network.clock().advance(Duration::from_mins(15));
}

fn locks(env: &Env, company: &Company, stage: &str) -> usize {
    let host = company.site(stage).tenant.host();
    let calls = env.network.journal();
    calls
        .iter()
        .filter(|call| call.host == host && call.is("POST", "/promotion/lock"))
        .count()
}

async fn patch(env: &Env, spec: Value) {
    let patch = json!({"spec": spec});
    env.namespace.patch("Promotion", "release", &patch).await.unwrap();
}

/// Waits until the stage is promoted: a run that was at its gate may show that a moment longer.
async fn until_promoted(env: &mut Env) {
    env.until_object("Promotion", "release", |object| {
        let outcome = &object.unwrap().data["status"]["stages"][0]["outcome"];
        (outcome != "Promoted").then(|| "it is not promoted".to_owned())
    })
    .await
    .unwrap();
}

/// What a dry run of the whole group says of production: the hash of its list, and what stands in staging.
async fn look_at_production(env: &mut Env, company: &Company) -> Value {
    let mut look = company.promotion("look", json!({"mode": "DryRun", "upTo": "prod"}));
    look["spec"]["order"].as_array_mut().unwrap().remove(0);
    env.namespace.apply(look).await.unwrap();
    env.phase("look", "Succeeded").await.unwrap();
    let found = stage(env, "look", 0).await["dryRun"].clone();
    json!({"hash": found["report"]["totals"]["hash"], "source": found["source"]})
}

#[tokio::test]
async fn what_somebody_else_promotes_into_staging_goes_no_further_under_this_runs_name() {
    let mut env = Env::start("somebody else promotes into staging").await;
    let company = env.company(&THREE).await;
    env.release(&company, json!({"upTo": "staging"})).await;
    env.promoted(&company, 0).await;
    let left = stage(&env, "release", 0).await["newestReport"].clone();
    promote_into_staging(&env, &company);

    patch(&env, json!({"upTo": "prod"})).await;
    let held = env.phase("release", "Held").await.unwrap();
    assert_eq!(reason(&held), "ContentChanged");
    let said = message(&held);
    assert!(
        said.contains(left.as_str().unwrap()) && said.contains("spec.approved"),
        "{said}"
    );
    assert_eq!((locks(&env, &company, "prod"), promotions(&env)), (0, 1));

    // A person looks at it, and approves exactly that.
    let approval = look_at_production(&mut env, &company).await;
    assert!(
        approval["source"].is_string() && approval["source"] != left,
        "{approval}"
    );
    patch(&env, json!({"approved": {"prod": approval}})).await;
    env.phase("release", "Succeeded").await.unwrap();
    assert_eq!((promotions(&env), env.violation(&company)), (2, None));
    env.check_outputs().await;
}

#[tokio::test]
async fn what_is_edited_after_the_gate_was_looked_at_is_held_until_it_is_looked_at_again() {
    let mut env = Env::start("edited after the look").await;
    let company = env.company(&THREE).await;
    env.release(&company, json!({"upTo": "dev"})).await;
    let gated = env.phase("release", "Gated").await.unwrap();
    let shown = &gated.data["status"]["next"]["provisional"]["totals"];
    assert_eq!(
        (&shown["added"], &shown["ours"], &shown["others"]),
        (&json!(3), &json!(3), &json!(0))
    );
    theirs(&company, "theirs");
    patch(&env, json!({"upTo": "staging"})).await;
    let held = env.phase("release", "Held").await.unwrap();
    let said = message(&held);
    assert!(
        said.contains("New in it: added IDM Email > Templates: theirs"),
        "{said}"
    );
    assert_eq!((reason(&held).as_str(), promotions(&env)), ("ContentChanged", 0));
    assert_eq!(company.stranded(), None);

    patch(&env, json!({"upTo": "dev"})).await;
    env.until_object("Promotion", "release", |object| {
        let next = &object.unwrap().data["status"]["next"]["provisional"]["totals"];
        (next["added"] != 4).then(|| "what is there now is not shown".to_owned())
    })
    .await
    .unwrap();
    patch(&env, json!({"upTo": "staging"})).await;
    until_promoted(&mut env).await;
    env.promoted(&company, 0).await;
    env.check_outputs().await;
}

#[tokio::test]
async fn a_dry_run_that_lists_something_else_is_held_with_the_line_that_accepts_it() {
    let mut env = Env::start("a dry run lists something else").await;
    let company = env.company(&THREE).await;
    env.release(&company, json!({"upTo": "dev"})).await;
    env.phase("release", "Gated").await.unwrap();
    let staging = &company.site("staging").tenant;
    let more = json!([{"configItem": "Unseen", "configChange": {"deleted": [{"name": "it", "realm": "/alpha", "uid": "u"}]}}]);
    staging.add_to_next_report("OtherConfig", more.clone());
    patch(&env, json!({"upTo": "staging"})).await;
    let held = env.phase("release", "Held").await.unwrap();
    assert_eq!((reason(&held).as_str(), promotions(&env)), ("DryRunDiffers", 0));
    let found = stage(&env, "release", 0).await["dryRun"]["report"].clone();
    let hash = found["totals"]["hash"].as_str().unwrap();
    let said = message(&held);
    assert!(
        said.contains(&format!("spec.approved: {{\"staging\": {{hash: \"{hash}\"}}}}")),
        "{said}"
    );
    assert!(said.contains("New in it: deleted"), "{said}");
    assert_eq!(
        (found["totals"]["deleted"].clone(), company.stranded()),
        (json!(1), None)
    );

    staging.add_to_next_report("OtherConfig", more);
    patch(&env, json!({"approved": {"staging": {"hash": hash}}})).await;
    env.promoted(&company, 0).await;
    assert_eq!(locks(&env, &company, "staging"), 2);
    env.check_outputs().await;
}

#[tokio::test]
async fn a_policy_to_proceed_goes_on_with_a_warning() {
    let mut env = Env::start("a policy to proceed").await;
    let company = env.company(&THREE).await;
    env.release(&company, json!({"upTo": "dev", "onContentChange": "Proceed"}))
        .await;
    env.phase("release", "Gated").await.unwrap();
    theirs(&company, "theirs");
    patch(&env, json!({"upTo": "staging"})).await;
    until_promoted(&mut env).await;
    env.promoted(&company, 0).await;
    let events = env.namespace.text_of("v1/Event").await.unwrap();
    assert!(
        events.contains("ContentChanged") && events.contains("the operator promotes it"),
        "{events}"
    );
    env.check_outputs().await;
}

#[tokio::test]
async fn an_approval_that_cannot_hold_is_refused_with_the_remedy() {
    let mut env = Env::start("an approval that cannot hold").await;
    let company = env.company(&THREE).await;
    let hash = "0123456789abcdef0123456789abcdef";
    let approved = json!({"staging": {"hash": hash, "source": "report"}});
    env.release(&company, json!({"upTo": "staging", "approved": approved}))
        .await;
    let object = env.until_reason("release", "InvalidObject").await;
    assert!(
        message(&object).contains("spec.approved.staging has a source"),
        "{}",
        message(&object)
    );
    assert_eq!(locks(&env, &company, "staging"), 0);
    let refused = company.promotion("other", json!({"approved": {"dev": {"hash": hash}}}));
    let refused = env.namespace.apply(refused).await.unwrap_err();
    assert!(
        format!("{refused:#}").contains("approved must name stages of order"),
        "{refused:#}"
    );
}

/// What cannot be read keeps no lock.
#[tokio::test]
async fn a_run_waits_while_the_environment_below_does_not_tell_what_stands_there() {
    let mut env = Env::start("the environment below does not tell").await;
    let company = env.company(&THREE).await;
    env.release(&company, json!({"upTo": "staging"})).await;
    env.promoted(&company, 0).await;
    let lists = Rule::on(company.site("staging").tenant.host()).path_contains("/promotion/reports");
    let away = env.network.fault(lists, Fault::status(500));
    patch(&env, json!({"upTo": "prod"})).await;
    env.until_reason("release", "ContentUnknown").await;
    assert_eq!(locks(&env, &company, "prod"), 0);
    away.remove();
    env.phase("release", "Succeeded").await.unwrap();
    assert_eq!((promotions(&env), env.violation(&company)), (2, None));
    env.check_outputs().await;
}

#[tokio::test]
async fn an_honest_run_ends_promoted_whatever_lags_gets_lost_or_is_skipped() {
    let mut env = Env::start("an honest run ends promoted").await;
    let company = env.company(&THREE).await;
    company.group.set_report_lag(Duration::from_secs(90));
    env.release(&company, json!({"upTo": "dev"})).await;
    env.phase("release", "Gated").await.unwrap();
    patch(&env, json!({"upTo": "staging"})).await;
    // Its lock is taken away before anything is promoted.
    env.until_step("Locking").await;
    for site in ["dev", "staging"] {
        company.site(site).tenant.console().unlock();
    }
    until_promoted(&mut env).await;
    let promoted = stage(&env, "release", 0).await;
    assert_eq!(promoted["retries"], 1);

    // The next one finds nothing to promote to staging, and goes on to production from what it finds there.
    let next = company.promotion("next", json!({"upTo": "prod"}));
    env.namespace.apply(next).await.unwrap();
    env.phase("next", "Succeeded").await.unwrap();
    let (skipped, done) = (stage(&env, "next", 0).await, stage(&env, "next", 1).await);
    assert_eq!(
        (&skipped["outcome"], &done["outcome"]),
        (&json!("Skipped"), &json!("Promoted"))
    );
    let left = stage(&env, "release", 0).await["newestReport"].clone();
    assert_eq!((left.is_string(), &skipped["newestReport"]), (true, &left));
    assert_eq!((promotions(&env), env.violation(&company)), (2, None));
    env.check_outputs().await;
}
