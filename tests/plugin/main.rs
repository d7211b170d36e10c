//! `kubectl pingone`, as people with few rights run it while the operator is at work.

#![allow(clippy::unwrap_used, reason = "a test's failure is a panic that says where")]

mod bundle;
mod check;
mod console;
mod import;
mod person;
mod watch;

use std::time::Duration;

use pingone_aic_harness::condition;
use pingone_aic_simulator::tenant::ConfigItem;
use pingone_aic_support::{Env, company::THREE};
use serde_json::{Value, json};

use person::Person;
use watch::Watching;

const ALL: &str = "pingoneconnections,aicintegrations,promotions";
const SECRETS: (&str, &str) = ("get", "/secrets");
/// What a command that changes nothing needs.
const READS: (&str, &str) = ("get,list,watch", ALL);

#[tokio::test]
async fn a_release_manager_brings_a_release_to_production() {
    let mut env = Env::start("a release manager has a plugin").await;
    let company = env.company(&THREE).await;
    let run = company.promotion("release", json!({"upTo": "dev"}));
    env.namespace.apply(run).await.unwrap();
    env.phase("release", "Gated").await.unwrap();
    let reader = Person::who_may(&env.network, &env.namespace, "reader", &[READS]).await;
    let manager = Person::who_may(
        &env.network,
        &env.namespace,
        "manager",
        &[READS, ("patch", "promotions")],
    )
    .await;

    let tree = reader.does(&["status"]).await;
    for line in [
        "dev → staging → prod",
        "Gated",
        "AwaitingPromotion",
        "TestPassed",
        "credential",
    ] {
        assert!(tree.contains(line), "{line}: {tree}");
    }
    let nodes: Value = serde_json::from_str(&reader.does(&["status", "-o", "json"]).await).unwrap();
    assert_eq!(nodes[0]["kind"], "Namespace");
    let diff = reader.does(&["diff", "release"]).await;
    assert!(
        diff.starts_with("release: dev -> staging\n0 deleted, 3 added, 0 modified; 3 of"),
        "{diff}"
    );
    assert_eq!(diff.matches("(this run's)").count(), 3, "{diff}");
    let comment = reader.does(&["diff", "release", "-o", "markdown"]).await;
    assert!(
        comment.starts_with("### ` release `: ` dev ` → ` staging `\n"),
        "{comment}"
    );

    // Whoever may only read is told so, and nothing is changed; whoever works with Git gets the lines.
    let refused = reader.runs(&["promote", "release", "--to", "staging"]).await;
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(
        refused.complaint.contains("cannot patch resource \"promotions\""),
        "{refused:?}"
    );
    let lines = reader
        .does(&["promote", "release", "--to", "staging", "--print"])
        .await;
    assert!(
        lines.starts_with("spec:\n  approved:\n    staging:\n      hash: "),
        "{lines}"
    );
    let too_far = manager.runs(&["promote", "release", "--to", "prod"]).await;
    assert_eq!((too_far.code, too_far.text.as_str()), (1, ""), "{too_far:?}");
    let other = [
        "promote",
        "release",
        "--to",
        "staging",
        "--hash",
        "0123456789abcdef",
    ];
    let unseen = manager.runs(&other).await;
    assert_eq!((unseen.code, unseen.text.as_str()), (1, ""), "{unseen:?}");
    let hash = diff.lines().find_map(|line| line.strip_prefix("hash ")).unwrap();
    let seen = ["promote", "release", "--to", "staging", "--hash", hash];
    manager.does(&seen).await;
    let object = env.namespace.get("Promotion", "release").await.unwrap();
    let pinned = &object.data["spec"]["approved"]["staging"]["hash"];
    assert_eq!(object.data["spec"]["upTo"], "staging");
    assert_eq!(
        *pinned,
        object.data["status"]["next"]["provisional"]["totals"]["hash"]
    );

    env.until_object("Promotion", "release", |run| {
        let is = run.is_some_and(|run| run.data["status"]["next"]["stage"] == "prod");
        (!is).then(|| "not before production".to_owned())
    })
    .await
    .unwrap();
    manager.does(&["promote", "release", "--to", "prod"]).await;
    env.phase("release", "Succeeded").await.unwrap();
    let over = reader.does(&["diff", "release"]).await;
    assert!(
        over.starts_with("release: staging -> prod\n0 deleted, 3 added") && over.contains("list promoted"),
        "{over}"
    );
    let rotator = Person::who_may(&env.network, &env.namespace, "rotator", &[READS, SECRETS]).await;
    let answer = rotator.does(&["rotate-check", &company.site("prod").name]).await;
    assert!(answer.starts_with("yes: "), "{answer}");
    assert_eq!(
        reader.does(&["status", "--problems"]).await,
        format!("nothing in namespace {} needs a person\n", env.namespace.name())
    );
}

#[tokio::test]
async fn a_held_run_is_accepted_as_it_is_shown_and_others_are_stopped() {
    let mut env = Env::start("a plugin accepts and stops").await;
    let company = env.company(&THREE).await;
    company.sites[0]
        .tenant
        .console()
        .put_item(ConfigItem::idm("Email > Templates", "welcome"), "a change");
    let approved = json!({"staging": {"hash": "0123456789abcdef0123456789abcdef"}});
    let run = company.promotion("held", json!({"upTo": "staging", "approved": approved}));
    env.namespace.apply(run).await.unwrap();
    env.phase("held", "Held").await.unwrap();
    let manager = Person::who_may(&env.network, &env.namespace, "manager", &[READS, ("patch", ALL)]).await;

    let problems = manager.runs(&["status", "--problems"]).await;
    assert_eq!(problems.code, 1, "{problems:?}");
    assert!(
        problems.text.contains("held") && problems.text.contains("Held"),
        "{problems:?}"
    );
    let diff = manager.does(&["diff", "held"]).await;
    assert!(
        diff.contains("list dry run") && diff.contains("welcome"),
        "{diff}"
    );
    manager.does(&["accept", "held"]).await;
    let object = env.namespace.get("Promotion", "held").await.unwrap();
    let shown = &object.data["status"]["stages"][0]["dryRun"]["report"]["totals"]["hash"];
    assert_eq!(object.data["spec"]["approved"]["staging"]["hash"], *shown);

    for (arguments, pointer, value) in [
        (["suspend", "held"], "/spec/suspend", json!(true)),
        (["resume", "promo/held"], "/spec/suspend", json!(false)),
        (["abort", "held"], "/spec/abort", json!(true)),
    ] {
        manager.does(&arguments).await;
        let object = env.namespace.get("Promotion", "held").await.unwrap();
        assert_eq!(object.data.pointer(pointer), Some(&value), "{arguments:?}");
    }
    let path = manager.runs(&["suspend", "aici/dev/status"]).await;
    assert_eq!(path.code, 2, "a name is no path: {path:?}");
    let name = company.site("dev").name.clone();
    manager.does(&["check-now", &format!("aici/{name}")]).await;
    let asked = env.namespace.get("AICIntegration", &name).await.unwrap();
    assert!(
        asked
            .metadata
            .annotations
            .unwrap()
            .contains_key("pingone-aic.io/requestedAt")
    );
    let nobody = Person::who_may(&env.network, &env.namespace, "nobody", &[]).await;
    for arguments in [
        &["status"][..],
        &["status", "--watch"],
        &["status", "-A"],
        &["diff", "held"],
        &["promote", "held", "--to", "staging"],
        &["accept", "held"],
        &["abort", "held"],
        &["suspend", "held"],
        &["resume", "held"],
        &["check-now", "held"],
        &["rotate-check", "held"],
    ] {
        let refused = nobody.runs(arguments).await;
        assert_eq!(
            (refused.code, refused.text.as_str()),
            (3, ""),
            "{arguments:?}: {refused:?}"
        );
        assert!(refused.complaint.contains("Ask a cluster admin"), "{refused:?}");
    }
    env.phase("held", "Aborted").await.unwrap();
    let over = manager.runs(&["abort", "held"]).await;
    assert!(
        over.code == 1 && over.complaint.contains("over (Aborted)"),
        "{over:?}"
    );
    let problems = manager.does(&["status", "--problems"]).await;
    assert!(
        !problems.contains("held"),
        "what a person has decided needs nobody: {problems}"
    );
}

#[tokio::test]
async fn a_former_credential_is_kept_until_every_tenant_has_shown_the_new_one() {
    let mut env = Env::start("a plugin knows when to revoke").await;
    let fixture = env.fixture();
    fixture.tenant.set_secret_cache(Duration::from_mins(8));
    fixture.set_account(&env.namespace).await;
    let former = fixture.credential();
    fixture.set_credential(&env.namespace, &former.jwt).await;
    fixture.apply(&env.namespace, json!({})).await;
    shows(&mut env, &fixture.name, &former.id).await;
    let credential = fixture.credential();
    fixture.set_credential(&env.namespace, &credential.jwt).await;
    env.until_object("AICIntegration", &fixture.name, |object| {
        let is =
            object.is_some_and(|object| condition(object, "Active")["reason"] == "CredentialNotYetServed");
        (!is).then(|| "the credential is not written yet".to_owned())
    })
    .await
    .unwrap();
    let reader = Person::who_may(&env.network, &env.namespace, "reader", &[READS]).await;
    let rotator = Person::who_may(&env.network, &env.namespace, "rotator", &[READS, SECRETS]).await;
    let no = rotator.runs(&["rotate-check", &fixture.name]).await;
    assert_eq!(no.code, 1, "{no:?}");
    assert!(
        no.text.starts_with("no, because\n") && no.text.contains("CredentialNotYetServed"),
        "{no:?}"
    );
    shows(&mut env, &fixture.name, &credential.id).await;
    let yes = rotator
        .does(&["rotate-check", &format!("p1c/{}", fixture.name)])
        .await;
    assert!(yes.contains(&credential.id), "{yes}");
    // What nobody has looked at yet is in no status.
    let unread = reader.runs(&["rotate-check", &fixture.name]).await;
    assert!(
        unread.code == 1 && unread.text.contains("say it with --holds"),
        "{unread:?}"
    );
    let other = reader
        .runs(&["rotate-check", &fixture.name, "--holds", &former.id])
        .await;
    assert!(
        other.code == 1 && other.text.contains("holds credential"),
        "{other:?}"
    );
    reader
        .does(&["rotate-check", &fixture.name, "--holds", &credential.id])
        .await;
    let suspended = json!({"spec": {"suspend": true}});
    env.namespace
        .patch("PingOneConnection", &fixture.name, &suspended)
        .await
        .unwrap();
    fixture
        .set_credential(&env.namespace, &fixture.credential().jwt)
        .await;
    let newer = rotator.runs(&["rotate-check", &fixture.name]).await;
    assert!(
        newer.code == 1 && newer.text.contains("is suspended"),
        "{newer:?}"
    );
    assert!(newer.text.contains("holds credential"), "{newer:?}");

    // What is decoded is what manifests need, and nothing else.
    let file = std::env::temp_dir().join(format!("pingone-aic-{}.jwt", uuid::Uuid::new_v4()));
    std::fs::write(&file, &credential.jwt).unwrap();
    let decoded = reader
        .does(&["decode", file.to_str().unwrap(), "-o", "json"])
        .await;
    std::fs::remove_file(&file).unwrap();
    let decoded: Value = serde_json::from_str(&decoded).unwrap();
    assert_eq!(decoded["claims"]["jti"], credential.id.as_str());
    let url = &decoded["manifest"]["AICIntegration"]["spec"]["tenant"]["url"];
    assert_eq!(*url, format!("https://{}", fixture.tenant.host()));
    // A credential in place of its file's name is not repeated.
    let token = reader.runs(&["decode", &credential.jwt]).await;
    assert_eq!(token.code, 2, "{token:?}");
    let meaning = reader.does(&["explain", "credentialnotyetserved"]).await;
    assert!(meaning.contains("The operator waits"), "{meaning}");
    let unknown = reader.runs(&["explain", "Credential"]).await;
    assert_eq!(unknown.code, 2, "{unknown:?}");
    assert!(unknown.complaint.contains("CredentialRefused"), "{unknown:?}");
}

/// Waits until the tenant's test has shown a credential.
async fn shows(env: &mut Env, integration: &str, credential: &str) {
    env.until_object("AICIntegration", integration, |object| {
        let is = object.is_some_and(|object| object.data["status"]["credentialId"] == credential);
        (!is).then(|| format!("credential {credential} is not shown yet"))
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn who_watches_sees_a_gate_move() {
    let mut env = Env::start("a plugin watches").await;
    let company = env.company(&THREE).await;
    let run = company.promotion("release", json!({"upTo": "dev"}));
    env.namespace.apply(run).await.unwrap();
    env.phase("release", "Gated").await.unwrap();
    let reader = Person::who_may(&env.network, &env.namespace, "reader", &[READS]).await;
    let mut watching = Watching::start(&reader, &["status", "--watch"]);
    watching.until(&["release", "Gated"]).await;
    env.namespace
        .patch("Promotion", "release", &json!({"spec": {"suspend": true}}))
        .await
        .unwrap();
    watching.until(&["release", "Suspended"]).await;
}
