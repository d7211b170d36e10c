//! What a rollback is for: a fault of the promoted configuration that the tenant shows, and nothing else.

use std::time::Duration;

use easy_ext::ext;
use pingone_aic_simulator::{Fault, FaultHandle, Realm, Rule, Tenant};
use pingone_aic_support::{
    Env,
    company::{Company, THREE},
    fixture::WORKER,
};
use serde_json::{Value, json};

use crate::promotion::look::{Steps, message, promotions, reason, stage};

/// Longer than everything that goes wrong in a test.
const PATIENT: &str = "12h";
/// Longer than a fault has to be shown for.
const LONG_ENOUGH: Duration = Duration::from_mins(3);

#[ext(Verifying)]
pub(crate) impl Env {
    /// A run into staging that is rolled back for a fault, at its verification.
    async fn verifying(&mut self, company: &Company) {
        let timeouts = json!({"lock": "30m", "promotion": "2h", "verification": PATIENT});
        let more = json!({"upTo": "staging", "onFailure": "Rollback", "timeouts": timeouts});
        self.release(company, more).await;
        self.until_reason("release", "Verifying").await;
    }

    fn rollbacks(&self) -> usize {
        let calls = self.network.journal();
        calls
            .iter()
            .filter(|call| call.is("POST", "/promotion/rollback"))
            .count()
    }

    fn locks(&self) -> usize {
        let calls = self.network.journal();
        calls
            .iter()
            .filter(|call| call.is("POST", "/promotion/lock"))
            .count()
    }

    /// The worker is right again when the lock of the rollback is asked for, and before it is taken.
    async fn put_right_before_the_lock(&mut self, staging: &Tenant, label: &str) {
        let lock = Rule::on(staging.host())
            .method("POST")
            .path_contains("/promotion/lock");
        let held = self.network.fault(lock, Fault::Hold);
        self.wait_until(|_| (held.hits() == 0).then(|| "no lock for a rollback".to_owned()))
            .await;
        label_worker(staging, label);
        held.remove();
    }

    /// Waits until the lock of the rollback is asked for, after the promotion's.
    async fn until_rollback_is_locked(&mut self) {
        self.wait_until(|env| (env.locks() < 2).then(|| "no lock for a rollback".to_owned()))
            .await;
    }
}

/// All that is asked of a tenant's worker service and its mappings meets this.
fn spoil_access_management(env: &Env, tenant: &Tenant, fault: &Fault) -> Vec<FaultHandle> {
    ["/services/pingOneWorkerService", "/secrets/stores/"]
        .map(|path| {
            let rule = Rule::on(tenant.host()).path_contains(path);
            env.network.fault(rule, fault.clone())
        })
        .into()
}

fn label_worker(tenant: &Tenant, label: &str) {
    tenant
        .console()
        .edit_worker(Realm::Alpha, WORKER, "credentialPurpose", label);
}

#[tokio::test]
async fn nothing_is_rolled_back_for_what_no_answer_of_success_shows() {
    let mut env = Env::start("nothing is rolled back for what is not shown").await;
    let company = env.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    // Before the promotion is over nothing of the worker can be seen.
    let blind = spoil_access_management(&env, staging, &Fault::front_end(404));
    env.verifying(&company).await;
    env.pass_time(LONG_ENOUGH).await;
    for fault in blind {
        fault.remove();
    }
    let json = |status: u16| {
        let body = json!({"code": status, "reason": "Not Found", "message": "Not Found"});
        Fault::status(status)
            .header("Content-Type", "application/json")
            .body(&body.to_string())
    };
    let garbage = || Fault::Garbage;
    for (what, fault) in [
        ("404 of the service", json(404)),
        ("404 of a load balancer", Fault::front_end(404)),
        ("403", json(403)),
        ("500", json(500)),
        ("503 of a load balancer", Fault::front_end(503)),
        ("429", json(429).header("Retry-After", "5")),
        ("a page for an answer", garbage()),
        ("no answer", Fault::Hang),
        ("an answer that is lost", Fault::CloseAfter),
    ] {
        let faults = spoil_access_management(&env, staging, &fault);
        env.pass_time(LONG_ENOUGH).await;
        assert_eq!((env.rollbacks(), env.locks()), (0, 1), "{what}");
        for fault in faults {
            fault.remove();
        }
    }
    env.promoted(&company, 0).await;
    env.check_outputs().await;
}

#[tokio::test]
async fn nothing_is_rolled_back_for_a_credential_that_pingone_refuses() {
    let mut env = Env::start("nothing is rolled back for a refused credential").await;
    let company = env.company(&THREE).await;
    let site = company.site("staging");
    site.connection.disable();
    env.verifying(&company).await;
    env.pass_time(3 * LONG_ENOUGH).await;
    assert_eq!((env.rollbacks(), env.locks()), (0, 1));
    assert_eq!(env.violation(&company), None);
    env.check_outputs().await;
}

/// A worker that is missing in one list, and there in the next: a tenant that is loading.
#[tokio::test]
async fn a_fault_that_is_shown_once_is_not_believed() {
    let mut env = Env::start("a fault is shown once").await;
    let company = env.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    let tests = Rule::on(staging.host()).path_contains("_action=testConnection");
    let not_yet = env
        .network
        .fault(tests, Fault::status(404).body(r#"{"code": 404}"#));
    let worker = Rule::on(staging.host())
        .method("GET")
        .path_contains(&format!("/workers/{WORKER}"));
    let gone = env
        .network
        .fault(worker, Fault::status(404).body(r#"{"code": 404}"#));
    let empty = json!({"result": [], "resultCount": 0, "pagedResultsCookie": null}).to_string();
    let list = || {
        Rule::on(staging.host())
            .path_contains("/workers?_queryFilter=true")
            .times(1)
    };
    env.network.fault(list(), Fault::status(200).body(&empty));
    env.verifying(&company).await;
    // The list has it again, the worker itself cannot be read: nothing is shown.
    env.pass_time(LONG_ENOUGH).await;
    assert_eq!((env.rollbacks(), env.locks()), (0, 1));
    gone.remove();
    env.pass_time(LONG_ENOUGH).await;
    assert_eq!((env.rollbacks(), env.locks()), (0, 1));
    not_yet.remove();
    env.promoted(&company, 0).await;
    env.check_outputs().await;
}

#[tokio::test]
async fn a_worker_that_is_missing_is_rolled_back() {
    let mut env = Env::start("a worker is missing").await;
    let company = env.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    env.verifying_without_worker(&company).await;
    env.phase("release", "RolledBack").await.unwrap();
    assert_eq!((promotions(&env), env.rollbacks()), (1, 1));
    // Twice before the lock, and once more under it.
    let calls = env.network.journal();
    let is_list = |path: &str, query: &[(String, String)]| {
        path.ends_with("/workers") && query.iter().any(|(name, _)| name == "_queryFilter")
    };
    let lists = calls
        .iter()
        .filter(|call| call.host == staging.host() && is_list(&call.path, &call.query));
    assert!(lists.count() >= 3);
    assert_eq!(env.violation(&company), None);
    env.check_outputs().await;
}

#[tokio::test]
async fn what_is_right_again_under_the_lock_is_not_rolled_back() {
    let mut env = Env::start("it is right again under the lock").await;
    let company = env.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    let right = env.verifying_with_another_label(&company).await;
    env.put_right_before_the_lock(staging, &right).await;
    env.promoted(&company, 0).await;
    assert_eq!((env.rollbacks(), env.locks()), (0, 2), "the lock was given back");
    assert_eq!(company.stranded(), None);
    env.check_outputs().await;
}

#[tokio::test]
async fn what_the_lock_hides_is_not_rolled_back_and_a_person_is_told() {
    let mut env = Env::start("the lock hides it").await;
    let company = env.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    env.verifying_with_another_label(&company).await;
    env.until_rollback_is_locked().await;
    let blind = spoil_access_management(&env, staging, &Fault::status(403).body(r#"{"code": 403}"#));
    let failed = env.phase("release", "Failed").await.unwrap();
    assert_eq!(reason(&failed), "RollbackNotProved", "{}", message(&failed));
    assert_eq!((env.rollbacks(), env.locks()), (0, 2));
    assert_eq!(env.violation(&company), None);
    for fault in blind {
        fault.remove();
    }
    env.check_outputs().await;
}

/// One rollback lock a stage: a fault that comes back is left to a person.
#[tokio::test]
async fn a_fault_that_comes_back_is_not_rolled_back_later() {
    let mut env = Env::start("a fault comes back").await;
    let company = env.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    let right = env.verifying_with_another_label(&company).await;
    // Its test does not pass in the meantime, so that the stage is not done.
    let tests = Rule::on(staging.host()).path_contains("_action=testConnection");
    let fails = env
        .network
        .fault(tests, Fault::status(404).body(r#"{"code": 404}"#));
    env.put_right_before_the_lock(staging, &right).await;
    env.until_locked(&company, "staging").await;
    env.until_unlocked(&company).await;
    env.until_reason("release", "Verifying").await;
    label_worker(staging, "other");
    let failed = env.phase("release", "Failed").await.unwrap();
    assert_eq!(reason(&failed), "VerificationFailed", "{}", message(&failed));
    assert_eq!((env.rollbacks(), env.locks()), (0, 2));
    fails.remove();
    env.check_outputs().await;
}

#[ext(Spoiled)]
pub(crate) impl Env {
    /// A run whose promotion brings a worker with another label; the right one.
    async fn verifying_with_another_label(&mut self, company: &Company) -> String {
        let dev = company.site("dev");
        let right = dev.tenant.workers(Realm::Alpha)[WORKER]["credentialPurpose"]
            .as_str()
            .unwrap()
            .to_owned();
        dev.spoil(&self.namespace).await;
        self.verifying(company).await;
        right
    }

    /// A run whose promotion brings no worker.
    async fn verifying_without_worker(&mut self, company: &Company) {
        let dev = company.site("dev");
        dev.spoil(&self.namespace).await;
        dev.tenant.console().delete_worker(Realm::Alpha, WORKER);
        self.verifying(company).await;
    }
}

#[tokio::test]
async fn whatever_blocks_a_dry_run_is_told_at_once() {
    let mut env = Env::start("whatever blocks a dry run is told").await;
    let company = env.company(&THREE).await;
    company.group.set_dry_runs_block(true);
    let dev = &company.site("dev").tenant;
    dev.set_encrypted_secrets(&["/config/secret"]);
    dev.console()
        .put_mapping(Realm::Alpha, "am.other.label", "esv-that-staging-lacks");
    env.release(&company, json!({"upTo": "staging"})).await;
    let failed = env.phase("release", "Failed").await.unwrap();
    assert_eq!(reason(&failed), "MissingESVs", "{}", message(&failed));
    for says in ["esv-that-staging-lacks", "/config/secret"] {
        assert!(message(&failed).contains(says), "{}", message(&failed));
    }
    let found = &stage(&env, "release", 0).await["dryRun"];
    assert_eq!(found["missingESVs"], Value::from(vec!["esv-that-staging-lacks"]));
    assert_eq!((promotions(&env), env.violation(&company)), (0, None));
    env.check_outputs().await;
}
