//! The board in a real browser: Chromium, driven by `WebDriver`, and judged by axe-core.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test's failure is a panic that says where"
)]

mod browser;
mod hostile;
mod many;
#[path = "../plugin/person.rs"]
#[allow(dead_code, reason = "the tests of the plugin use the rest")]
mod person;
mod served;
mod survives;

use aho_corasick::AhoCorasick;
use pingone_aic_support::{Env, company::THREE};
use serde_json::json;

use browser::Browser;
use person::Person;
use served::Served;

/// What the board needs, and nothing more.
pub const READS: [(&str, &str); 2] = [
    ("list,watch", "pingoneconnections,aicintegrations,promotions"),
    ("list", "events.k8s.io/events"),
];

#[tokio::test]
async fn a_gate_is_raised_and_the_card_moves_without_a_reload() {
    let mut env = Env::start("a board shows a gate that is raised").await;
    let browser = Browser::start().await;
    let reader = Person::who_may(&env.network, &env.namespace, "reader", &READS).await;
    let board = Served::start(&reader, &[]);
    browser.goto(&board.link).await;
    // What the environment of the test keeps for itself leads nowhere, and says so.
    browser.until("main", "not Active").await;
    browser.is_accessible("a board with a problem").await;

    for kind in ["AICIntegration", "PingOneConnection"] {
        env.namespace.delete(kind, "c0").await.unwrap();
    }
    let company = env.company(&THREE).await;
    let run = company.promotion("release-1", json!({"upTo": "dev"}));
    env.namespace.apply(run).await.unwrap();
    env.phase("release-1", "Gated").await.unwrap();
    browser.until(".run", "Gated").await;
    browser.is_accessible("a run at its gate").await;
    browser.picture("fleet", "light").await;
    let cards = browser.text(".environments").await;
    for word in [
        "dev",
        "staging",
        "prod",
        "Active",
        "TestPassed",
        "AwaitingPromotion",
        "credential",
    ] {
        assert!(cards.contains(word), "{word}: {cards}");
    }

    browser
        .run("window.isTheSame = true; document.querySelector('.run a').focus()")
        .await;
    let raised = json!({"spec": {"upTo": "staging"}});
    env.namespace
        .patch("Promotion", "release-1", &raised)
        .await
        .unwrap();
    // While it is under way, both cards say who holds the lock.
    env.until_object("Promotion", "release-1", |run| {
        let is = run.is_some_and(|run| run.data["status"]["current"]["step"] == "Locking");
        (!is).then(|| "the lock is not being taken yet".to_owned())
    })
    .await
    .unwrap();
    browser
        .until(".environments > li:nth-child(2) .lock", "by Promotion release-1")
        .await;
    browser
        .until(".environments > li:nth-child(1) .lock", "by Promotion release-1")
        .await;
    let lock = browser.text(".lock").await;
    assert!(lock.starts_with("by Promotion release-1, for "), "{lock}");
    browser.is_accessible("a run under way").await;
    env.until_object("Promotion", "release-1", |run| {
        let is = run.is_some_and(|run| run.data["status"]["next"]["stage"] == "prod");
        (!is).then(|| "not before production".to_owned())
    })
    .await
    .unwrap();
    browser.until(".stages li:nth-child(2)", "Promoted").await;
    let stays =
        "return window.isTheSame === true && document.activeElement.textContent === 'Promotion release-1'";
    assert_eq!(
        browser.run(stays).await,
        true,
        "the page was not loaded again, and the keyboard is where it was"
    );
    let staging = browser.text(".environments > li:nth-child(2)").await;
    assert!(
        staging.contains("Active") && !staging.contains("not Active"),
        "{staging}"
    );

    browser
        .goto(&format!("{}/runs/{}/release-1", board.base, env.namespace.name()))
        .await;
    browser.until("main", "From staging to prod").await;
    for (place, words) in [
        (".changes.good", "this run's"),
        (".stages", "Promoted"),
        (".events", "Gated"),
    ] {
        let text = browser.text(place).await;
        assert!(text.contains(words), "{place}: {text}");
    }
    browser.is_accessible("a run's own page").await;
    browser.picture("run", "dark").await;
    env.check_outputs().await;
    let other = Served::start(&reader, &[]);
    let cookie = other.cookie().await;
    let markers = AhoCorasick::new(env.network.secret_markers()).unwrap();
    for path in [
        "/".to_owned(),
        format!("/runs/{}/release-1", env.namespace.name()),
    ] {
        let page = other.page(&path, &cookie).await;
        assert!(
            page.contains("release-1") && markers.find(&page).is_none(),
            "{path} tells a secret"
        );
    }
}

#[tokio::test]
async fn a_run_that_fails_shows_why() {
    let mut env = Env::start("a board shows a run that fails").await;
    let company = env.company(&THREE).await;
    company
        .site("staging")
        .tenant
        .fail_next_run_saying("out of <b>space</b>");
    let run = company.promotion("release-1", json!({"upTo": "staging"}));
    env.namespace.apply(run).await.unwrap();
    let browser = Browser::start().await;
    // Whoever may not read events still sees the rest, and is told.
    let reader = Person::who_may(&env.network, &env.namespace, "reader", &READS[..1]).await;
    let board = Served::start(&reader, &[]);
    browser.goto(&board.link).await;
    env.phase("release-1", "Failed").await.unwrap();
    browser.until(".run", "Failed").await;
    assert!(browser.text(".run.bad").await.contains("out of <b>space</b>"));
    browser
        .goto(&format!("{}/runs/{}/release-1", board.base, env.namespace.name()))
        .await;
    browser.until("main", "out of <b>space</b>").await;
    assert!(
        browser
            .text("main")
            .await
            .contains("Ask a cluster admin for that right")
    );
    browser.is_accessible("a run that has failed").await;
    browser
        .goto(&format!("{}/runs/{}/nothing", board.base, env.namespace.name()))
        .await;
    browser.until("main", "There is no such run").await;
    browser.is_accessible("a run that is not there").await;
}

#[tokio::test]
async fn nobody_else_gets_in() {
    let env = Env::start("a board has a door").await;
    let reader = Person::who_may(&env.network, &env.namespace, "reader", &READS).await;
    let board = Served::start(&reader, &[]);
    let status = async |path: &str, headers: &[(&str, &str)]| board.status(path, headers).await;
    for path in ["/", "/runs/a/b", "/looks", "/open/guessed"] {
        assert_eq!(status(path, &[]).await, 403, "{path}");
    }
    let cookie = board.cookie().await;
    assert_eq!(status("/", &[("cookie", &cookie)]).await, 200);
    assert_eq!(status("/", &[("cookie", &format!("{cookie}0"))]).await, 403);
    assert_eq!(
        status("/", &[("cookie", &cookie), ("host", "example.com")]).await,
        403,
        "as a foreign page would"
    );
    assert_eq!(board.origin_status("/").await, 403, "a page of the origin's");
    let path = board.link.strip_prefix(&board.base).unwrap();
    assert_eq!(status(path, &[]).await, 403, "the link opens once");
    let page = board.page("/", &cookie).await;
    assert!(
        page.contains("<noscript>") && page.contains("not Active"),
        "{page}"
    );
    let browser = Browser::start().await;
    browser.goto(&board.base).await;
    browser
        .until("main", "Open the link that the command has printed")
        .await;
    browser.is_accessible("a closed door").await;

    let nobody = Person::who_may(&env.network, &env.namespace, "nobody", &[]).await;
    let board = Served::start(&nobody, &[]);
    browser.goto(&board.link).await;
    browser
        .until("[role=alert]", "Ask a cluster admin for that right")
        .await;
    browser.is_accessible("a board of somebody without rights").await;
}
