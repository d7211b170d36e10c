//! Last resorts: the operator was away for too long, status is lost, keys and namespaces go in the middle of a run.

use std::time::Duration;

use easy_ext::ext;
use pingone_aic_harness::{Operator, TestNamespace, is_condition};
use pingone_aic_simulator::{Fault, Rule, tenant::LockState};
use pingone_aic_support::{
    Env,
    company::{Company, SCOPES, THREE},
    values,
};
use serde_json::json;

use crate::promotion::look::{Steps, promotions, stage, the_request};

#[ext(LostKey)]
pub(crate) impl Env {
    /// A run whose lock is there.
    async fn locked(&mut self, company: &Company) {
        self.release(company, json!({"upTo": "staging"})).await;
        self.until_locked(company, "staging").await;
    }

    async fn lose_status(&self) {
        self.write_status(&json!({"observedGeneration": -1})).await;
    }
}

#[tokio::test]
async fn an_operator_that_was_away_for_too_long_asks_a_person() {
    let mut env = Env::start("an operator that was away for too long").await;
    let company = env.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    let lock = the_request(staging, "/promotion/lock");
    let lost = env.network.fault(lock, Fault::HangAfter);
    let run = company.promotion("release", json!({"upTo": "staging"}));
    env.namespace.apply(run).await.unwrap();
    env.wait_until(|_| (lost.hits() == 0).then(|| "not asked".to_owned()))
        .await;
    env.operator.kill();
    env.advance(Duration::from_mins(31)).await;
    env.operator.start().await.unwrap();
    let asks = env.until_reason("release", "LockOwnershipUnknown").await;
    env.pass_time(Duration::from_hours(1)).await;
    assert!(
        is_condition(
            &env.namespace.get("Promotion", "release").await.unwrap(),
            "Stalled",
            "True"
        ),
        "{:?}",
        asks.data
    );
    assert_eq!(
        staging.lock_state(),
        LockState::Locked,
        "nobody but a person can tell"
    );
    env.annotate("pingone-aic.io/unlock", "another-id").await;
    env.pass_time(Duration::from_mins(5)).await;
    assert_eq!(staging.lock_state(), LockState::Locked);

    let answered = env
        .network
        .journal()
        .into_iter()
        .find(|call| call.is("POST", "/promotion/lock"));
    let id = answered.unwrap().response["promotionId"]
        .as_str()
        .unwrap()
        .to_owned();
    env.annotate("pingone-aic.io/unlock", &id).await;
    env.phase("release", "Gated").await.unwrap();
    assert_eq!(stage(&env, "release", 0).await["outcome"], "Promoted");
    assert_eq!((promotions(&env), env.violation(&company)), (1, None));
    env.check_outputs().await;
}

#[tokio::test]
async fn a_process_that_has_the_key_releases_the_lock_though_status_is_lost() {
    // Wherever the run stands then.
    for (what, change) in [
        ("it goes on", json!({"spec": {}})),
        ("its gate is lowered", json!({"spec": {"upTo": "dev"}})),
        ("it is suspended", json!({"spec": {"suspend": true}})),
        ("it is aborted", json!({"spec": {"abort": true}})),
    ] {
        let mut env = Env::start("status is lost and the key is not").await;
        let company = env.company(&THREE).await;
        env.locked(&company).await;
        env.operator.freeze().unwrap();
        env.namespace
            .patch("Promotion", "release", &change)
            .await
            .unwrap();
        env.lose_status().await;
        env.operator.thaw().unwrap();
        env.until_unlocked(&company).await;
        let is_over = what == "it is aborted";
        if is_over {
            env.phase("release", "Aborted").await.unwrap();
        } else {
            let back = json!({"spec": {"upTo": "staging", "suspend": false}});
            env.namespace.patch("Promotion", "release", &back).await.unwrap();
            env.phase("release", "Gated").await.unwrap();
        }
        let promoted = usize::from(!is_over);
        assert_eq!(
            (promotions(&env), env.violation(&company)),
            (promoted, None),
            "{what}"
        );
        env.check_outputs().await;
    }
}

#[tokio::test]
async fn a_run_whose_status_and_key_are_lost_breaks_no_law() {
    // Before anything bears its mark, its lock cannot be told from a stranger's.
    let mut env = Env::start("a run whose status is lost").await;
    let company = env.company(&THREE).await;
    env.locked(&company).await;
    env.operator.kill();
    env.lose_status().await;
    env.operator.start().await.unwrap();
    env.pass_time(Duration::from_mins(1)).await;
    let reported = env
        .network
        .journal()
        .iter()
        .any(|call| call.is("POST", "/promotion/promote"));
    if reported {
        // Its dry run had begun: its report bears the mark, and the lock is known again.
        env.phase("release", "Gated").await.unwrap();
        assert_eq!(env.violation(&company), None);
    } else {
        env.until_reason("release", "EnvironmentLocked").await;
        for site in ["dev", "staging"] {
            company.site(site).tenant.console().unlock();
        }
        env.phase("release", "Gated").await.unwrap();
    }
    // And after: what was promoted under its name is not promoted again.
    env.lose_status().await;
    env.pass_time(Duration::from_mins(1)).await;
    env.phase("release", "Gated").await.unwrap();
    assert_eq!(stage(&env, "release", 0).await["outcome"], "AlreadyPromoted");
    assert_eq!((promotions(&env), env.violation(&company)), (1, None));
    env.check_outputs().await;
}

#[tokio::test]
async fn a_run_that_is_torn_out_while_its_answer_is_lost_leaves_a_trace() {
    let mut env = Env::start("a run is torn out without an answer").await;
    let company = env.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    let lost = env
        .network
        .fault(the_request(staging, "/promotion/lock"), Fault::HangAfter);
    env.release(&company, json!({"upTo": "staging"})).await;
    env.wait_until(|_| (lost.hits() == 0).then(|| "not asked".to_owned()))
        .await;
    let without = json!({"metadata": {"finalizers": null}});
    let cluster = &env.namespace;
    cluster.delete("Promotion", "release").await.unwrap();
    cluster.patch("Promotion", "release", &without).await.unwrap();
    env.until_gone("release").await;
    let trace = "no object remembers it";
    env.wait_until(|env| (!env.operator.log().contains(trace)).then(|| "no trace".to_owned()))
        .await;
    let metrics = env.operator.metrics().await.unwrap();
    let told = format!(
        "pingone_aic_unrecorded_lock_timestamp_seconds{{host=\"{}\",promotion_id=\"\"}}",
        staging.host()
    );
    assert!(metrics.contains(&told), "{metrics}");
    assert!(staging.is_locked(), "nobody can know");
    // A person sees to it, and nobody is asked any more.
    for site in ["dev", "staging"] {
        company.site(site).tenant.console().unlock();
    }
    env.pass_time(Duration::from_mins(12)).await;
    let over = "a lock that no object remembers is not reported any more";
    env.wait_until(|env| (!env.operator.log().contains(over)).then(|| "not seen".to_owned()))
        .await;
    let metrics = env.operator.metrics().await.unwrap();
    assert!(!metrics.contains(&told), "{metrics}");
    env.check_outputs().await;
}

#[tokio::test]
async fn a_lock_is_released_though_its_key_is_gone_from_the_cluster() {
    let mut env = Env::start("a key is gone from the cluster").await;
    let company = env.company(&THREE).await;
    env.locked(&company).await;
    let secret = format!("aic-{}", company.site("staging").name);
    let delete = ["delete", "secret", &secret, "--namespace", env.namespace.name()];
    env.namespace.control_plane().kubectl(&delete).await.unwrap();
    env.namespace.delete("Promotion", "release").await.unwrap();
    env.until_gone("release").await;
    assert_eq!(env.violation(&company), None);
    env.check_outputs().await;
}

#[tokio::test]
async fn a_lock_is_released_though_its_secret_holds_another_tenants_account() {
    let mut env = Env::start("another tenant's account").await;
    let company = env.company(&THREE).await;
    env.locked(&company).await;
    let others = company
        .site("prod")
        .tenant
        .create_service_account("operator", &SCOPES);
    let data = [
        ("serviceAccountId", others.id.as_str()),
        ("jwk", others.jwk.as_str()),
    ];
    let secret = format!("aic-{}", company.site("staging").name);
    env.namespace.secret(&secret, &data).await.unwrap();
    env.namespace.delete("Promotion", "release").await.unwrap();
    env.until_gone("release").await;
    assert_eq!(env.violation(&company), None);
    env.check_outputs().await;
}

#[tokio::test]
async fn a_finalizer_that_somebody_takes_away_is_there_again_as_long_as_the_lock_is() {
    let mut env = Env::start("a finalizer is taken away").await;
    let company = env.company(&THREE).await;
    env.locked(&company).await;
    let without = json!({"metadata": {"finalizers": null}});
    env.namespace
        .patch("Promotion", "release", &without)
        .await
        .unwrap();
    env.until_object("Promotion", "release", |object| {
        let finalizers = &object.unwrap().metadata.finalizers;
        finalizers.is_none().then(|| "it has none".to_owned())
    })
    .await
    .unwrap();
    env.namespace.delete("Promotion", "release").await.unwrap();
    env.until_gone("release").await;
    assert_eq!(env.violation(&company), None);
    env.check_outputs().await;
}

#[tokio::test]
async fn a_run_that_is_torn_out_of_the_cluster_leaves_no_lock() {
    let mut env = Env::start("a run is torn out of the cluster").await;
    let company = env.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    let stays = env
        .network
        .fault(Rule::on(staging.host()).method("DELETE"), Fault::status(500));
    env.locked(&company).await;
    env.namespace.delete("Promotion", "release").await.unwrap();
    env.wait_until(|_| (stays.hits() == 0).then(|| "not asked back".to_owned()))
        .await;
    // As people do with what does not go.
    let without = json!({"metadata": {"finalizers": null}});
    env.namespace
        .patch("Promotion", "release", &without)
        .await
        .unwrap();
    env.until_gone("release").await;
    assert!(staging.is_locked());
    stays.remove();
    env.wait_until(|_| company.stranded()).await;
    assert_eq!(promotions(&env), 0);
    env.check_outputs().await;
}

#[tokio::test]
async fn a_person_can_let_a_run_go_with_its_lock_and_a_trace_stays() {
    let mut env = Env::start("a run goes with its lock").await;
    let company = env.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    env.network
        .fault(Rule::on(staging.host()).method("DELETE"), Fault::status(500));
    env.locked(&company).await;
    env.namespace.delete("Promotion", "release").await.unwrap();
    env.until_reason("release", "LockNotReleased").await;
    env.annotate("pingone-aic.io/abandon", "true").await;
    env.until_gone("release").await;
    assert!(staging.is_locked());
    assert!(env.operator.log().contains("LockAbandoned"));
    let reported = format!(
        "pingone_aic_unrecorded_lock_timestamp_seconds{{host=\"{}\",promotion_id=\"{}\"}}",
        staging.host(),
        staging.locked_by().unwrap()
    );
    let metrics = env.operator.metrics().await.unwrap();
    assert!(metrics.contains("pingone_aic_left_behind_total 1"), "{metrics}");
    assert!(metrics.contains(&reported), "{metrics}");
    // Somebody else's lock that follows is another one.
    for site in ["dev", "staging"] {
        company.site(site).tenant.console().unlock();
    }
    staging.console().begin_lock();
    env.pass_time(Duration::from_mins(12)).await;
    let metrics = env.operator.metrics().await.unwrap();
    assert!(!metrics.contains(&reported), "{metrics}");
    env.check_outputs().await;
}

#[tokio::test]
async fn a_namespace_that_goes_in_the_middle_of_a_run_leaves_no_lock() {
    let mut env = Env::start("the home of an operator whose namespace goes").await;
    let elsewhere = TestNamespace::create("a namespace that goes in the middle").await;
    let watched = values(&env.network).set(json!({"watchNamespaces": [elsewhere.name()]}));
    let other = Operator::install(&env.namespace, watched).await.unwrap();
    env.others.push(other);
    let company = Company::new(&env.network, 90, &THREE);
    company.apply(&elsewhere).await;
    elsewhere
        .apply(company.promotion("release", json!({})))
        .await
        .unwrap();
    env.until_locked(&company, "staging").await;
    let delete = ["delete", "namespace", elsewhere.name(), "--wait=false"];
    elsewhere.control_plane().kubectl(&delete).await.unwrap();
    let control_plane = elsewhere.control_plane();
    let mut is_there = true;
    for _ in 0..600 {
        env.step().await;
        let get = [
            "get",
            "namespace",
            elsewhere.name(),
            "--ignore-not-found",
            "--output",
            "name",
        ];
        is_there = !control_plane.kubectl(&get).await.unwrap().trim().is_empty();
        if !is_there {
            break;
        }
    }
    assert!(!is_there, "the namespace is held up");
    // How far it came before the namespace's controller reached it is a matter of timing.
    assert!(promotions(&env) <= 1);
    assert_eq!(env.violation(&company), None);
}
