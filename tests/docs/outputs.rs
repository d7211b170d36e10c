//! What `kubectl` prints stands in the docs as it is printed.

use std::fs;

use crate::{is_generated, plugin};
use easy_ext::ext;
use kube::core::DynamicObject;
use pingone_aic_harness::repository;
use pingone_aic_simulator::tenant::ConfigItem;
use pingone_aic_support::{
    Env,
    company::{Company, SCOPES, Site, THREE},
};
use serde_json::json;

const README: &str = "README.md";
const CONCEPTS: &str = "docs/concepts.md";
const PROMOTION: &str = "docs/promotion.md";
/// Where a run's own values are those of no other.
const TIME: &str = "2026-11-24T09:30:00Z";
const DIGEST: &str = "C4RwfHioVNeneTYJzTZ4VXG6wJZ69dMzmeSYYJ0OrkA";

#[tokio::test]
async fn what_kubectl_prints_is_what_the_docs_show() {
    let mut env = Env::start("what the docs show").await;
    let mut company = Company::named(&env.network, "mycompany", &THREE);
    let environments = [
        ("development", "dev"),
        ("staging", "staging"),
        ("production", "prod"),
    ];
    for (site, (stage, environment)) in company.sites.iter_mut().zip(environments) {
        site.stage = stage;
        site.name = format!("{environment}-alpha");
    }
    // What the env keeps for itself is nobody's affair here.
    for kind in ["AICIntegration", "PingOneConnection"] {
        env.namespace.delete(kind, "c0").await.unwrap();
    }
    for (site, (_, environment)) in company.sites.iter().zip(environments) {
        apply_sample(&env, site, environment).await;
    }
    env.until_up(&company).await;
    integrations(&env).await;
    let mut text = fs::read_to_string(repository().join(PROMOTION)).unwrap();

    let all = env.kubectl(&["get", "pingone"]).await;
    show(&mut text, "get-pingone", &all);
    let mut readme = fs::read_to_string(repository().join(README)).unwrap();
    show(&mut readme, "get-pingone", &all);
    is_generated(README, &readme);
    let run = company.promotion("release-1", json!({"upTo": "development"}));
    env.namespace.apply(run).await.unwrap();
    env.phase("release-1", "Gated").await.unwrap();
    let described = ["describe", "promotion", "release-1"];
    show(
        &mut text,
        "describe-promotion-gated",
        &env.kubectl(&described).await,
    );
    let runs = ["get", "promotions"];
    show(&mut text, "get-promotions-gated", &env.kubectl(&runs).await);
    plugin::at_the_gate(&env, company.site("development")).await;

    let raise = async |env: &Env, stage: &str| {
        let raised = json!({"spec": {"upTo": stage}});
        env.namespace
            .patch("Promotion", "release-1", &raised)
            .await
            .unwrap();
    };
    raise(&env, "staging").await;
    let is_before_production = |run: Option<&DynamicObject>| {
        let is = run.is_some_and(|run| run.data["status"]["next"]["stage"] == "production");
        (!is).then(|| "not gated before production".to_owned())
    };
    env.until_object("Promotion", "release-1", is_before_production)
        .await
        .unwrap();
    let wait = [
        "wait",
        "promotion/release-1",
        "--for=condition=Ready",
        "--timeout=60m",
    ];
    show(&mut text, "wait", &env.kubectl(&wait).await);
    raise(&env, "production").await;
    env.phase("release-1", "Succeeded").await.unwrap();
    show(
        &mut text,
        "describe-promotion-succeeded",
        &env.kubectl(&described).await,
    );
    let succeeded = "--for=jsonpath={.status.phase}=Succeeded";
    env.kubectl(&["wait", "promotion/release-1", succeeded, "--timeout=1h"])
        .await;
    held(&mut env, &company, &mut text).await;
    is_generated(PROMOTION, &text);
}

/// An environment as the samples have it.
async fn apply_sample(env: &Env, site: &Site, environment: &str) {
    let account = site.tenant.create_service_account("operator", &SCOPES);
    let credential = site.connection.add_credential();
    let account = [
        ("serviceAccountId", account.id.as_str()),
        ("jwk", account.jwk.as_str()),
    ];
    let secrets: [(&str, &[(&str, &str)]); 2] =
        [("aic", &account), ("pingone", &[("credential", &credential.jwt)])];
    for (kind, data) in secrets {
        let secret = format!("{kind}-{environment}");
        env.namespace.secret(&secret, data).await.unwrap();
    }
    let sample = repository().join("deploy/samples").join(site.stage);
    let sample = fs::read_to_string(sample.with_extension("yaml")).unwrap();
    env.namespace.apply(sample).await.unwrap();
}

/// A run that names another list than the dry run's.
async fn held(env: &mut Env, company: &Company, text: &mut String) {
    let item = ConfigItem::idm("Email > Templates", "welcome");
    company.sites[0].tenant.console().put_item(item, "a change");
    let approved = json!({"staging": {"hash": "0123456789abcdef0123456789abcdef"}});
    let run = company.promotion("release-2", json!({"upTo": "staging", "approved": approved}));
    env.namespace.apply(run).await.unwrap();
    env.phase("release-2", "Held").await.unwrap();
    show(
        text,
        "get-promotions-held",
        &env.kubectl(&["get", "promotions"]).await,
    );
    plugin::when_held(env).await;
    let message = "jsonpath={.status.conditions[?(@.type==\"Ready\")].message}";
    let told = env
        .kubectl(&["get", "promotion", "release-2", "-o", message])
        .await;
    show(text, "message-held", &told);
}

/// What is said of one that is at work.
async fn integrations(env: &Env) {
    let mut text = fs::read_to_string(repository().join(CONCEPTS)).unwrap();
    let commands: [(&str, &[&str]); 3] = [
        ("explain-integration", &["explain", "aicintegration.spec.tenant"]),
        (
            "describe-integration",
            &["describe", "aicintegration", "dev-alpha"],
        ),
        (
            "wait-active",
            &[
                "wait",
                "aicintegration/dev-alpha",
                "--for=condition=Active",
                "--timeout=5m",
            ],
        ),
    ];
    for (name, command) in commands {
        show(&mut text, name, &env.kubectl(command).await);
    }
    is_generated(CONCEPTS, &text);
}

#[ext(Kubectl)]
pub(crate) impl Env {
    async fn kubectl(&self, arguments: &[&str]) -> String {
        let namespace = ["--namespace", self.namespace.name()];
        let arguments = [arguments, &namespace].concat();
        let printed = self.namespace.control_plane().kubectl(&arguments).await.unwrap();
        tidy(&printed.replace(self.namespace.name(), "pingone-aic"))
    }
}

/// Puts a text into the block of this name.
pub fn show(document: &mut String, name: &str, printed: &str) {
    let start = format!("<!-- output: {name} -->\n```text\n");
    let at = document.find(&start).unwrap() + start.len();
    let end = at + document[at..].find("```\n").unwrap();
    document.replace_range(at..end, printed);
}

/// What is printed, without what differs from run to run.
pub fn tidy(printed: &str) -> String {
    let (mut lines, mut ids, mut is_metadata) = (Vec::new(), Vec::new(), false);
    for line in printed.lines() {
        match line {
            "Metadata:" => is_metadata = true,
            "Spec:" => is_metadata = false,
            _ if line.starts_with("Events:") => break,
            _ => {}
        }
        if !is_metadata {
            lines.push(constant(line, &mut ids));
        }
    }
    lines.join("\n") + "\n"
}

/// A line with ids that count, one time and one age. Neither holds a space.
fn constant(line: &str, ids: &mut Vec<String>) -> String {
    let words = line.split(' ').map(|word| {
        if is_uuid(word) {
            let known = ids.iter().position(|id| id == word).unwrap_or_else(|| {
                ids.push(word.to_owned());
                ids.len() - 1
            });
            format!("{:08x}-6c1e-4d0c-9f0e-2b7f3a1c5d42", 0x8f5c_1f01 + known)
        } else if is_digest(word) {
            DIGEST.to_owned()
        } else if is_time(word) {
            TIME.to_owned()
        } else {
            word.to_owned()
        }
    });
    let line = words.collect::<Vec<_>>().join(" ");
    // The age of an object ends its row.
    let is_age =
        |word: &str| word.ends_with(['s', 'm']) && word.starts_with(|first: char| first.is_ascii_digit());
    match line.rsplit_once(' ') {
        Some((row, last))
            if is_age(last) && (row.contains(".pingone-aic.io/") || row.starts_with("release-")) =>
        {
            format!("{row} 5m")
        }
        _ => line.trim_end().to_owned(),
    }
}

/// With or without a part of a second.
fn is_time(word: &str) -> bool {
    let shape = |text: &str| text.replace(|letter: char| letter.is_ascii_digit(), "0");
    let whole = word.split(['.', 'Z']).next().unwrap();
    word.ends_with('Z') && shape(whole) == shape(TIME.trim_end_matches('Z'))
}

fn is_digest(word: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    word.len() == DIGEST.len() && word.chars().all(is_letter)
}

fn is_uuid(word: &str) -> bool {
    word.len() == 36
        && word.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
