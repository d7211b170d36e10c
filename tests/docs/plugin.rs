//! The plugin's pages: one a command, with its usage and what it prints.

use std::{collections::BTreeSet, fs, path::PathBuf};

use kube::{ResourceExt as _, api::ListParams};
use pingone_aic_harness::repository;
use pingone_aic_simulator::{Mutability, Realm, Region};
use pingone_aic_support::{
    Env,
    company::{SCOPES, Site},
};
use serde_json::json;
use tokio::process::Command;

use crate::{
    is_generated,
    outputs::{show, tidy},
};

const FOLDER: &str = "docs/kubectl";

/// The plugin's program with these arguments, and what it prints, whatever it found.
async fn printed(command: &mut Command) -> String {
    let output = command.output().await.unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    // 1 is an answer, too.
    assert!(
        matches!(output.status.code(), Some(0 | 1)),
        "{command:?}: {complaint}"
    );
    String::from_utf8(output.stdout).unwrap()
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_kubectl-pingone"))
}

/// Puts what a command prints into its page.
fn put(command: &str, output: &str, printed: &str) {
    let name = format!("{FOLDER}/{command}.md");
    let mut text = fs::read_to_string(repository().join(&name)).unwrap();
    show(&mut text, output, printed);
    is_generated(&name, &text);
}

#[tokio::test]
async fn every_command_has_a_page_with_its_usage() {
    let help = printed(program().arg("--help")).await;
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let commands = commands.lines().take_while(|line| !line.is_empty());
    let commands = commands.filter_map(|line| line.split_whitespace().next());
    let commands: BTreeSet<_> = commands.filter(|command| *command != "help").collect();
    let index = fs::read_to_string(repository().join("docs/kubectl.md")).unwrap();
    for command in &commands {
        assert!(
            index.contains(&format!("[`{command}`](kubectl/{command}.md)")),
            "{command}"
        );
        let usage = printed(program().args([command, "-h"])).await;
        put(command, &format!("help-{command}"), &usage);
    }
    let pages = fs::read_dir(repository().join(FOLDER)).unwrap();
    let pages = pages.map(|page| {
        page.unwrap()
            .path()
            .file_stem()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    });
    let pages: BTreeSet<_> = pages.collect();
    assert!(
        pages.iter().all(|page| commands.contains(page.as_str())),
        "{pages:?}"
    );
}

/// What the plugin says of a run at its gate.
pub async fn at_the_gate(env: &Env, site: &Site) {
    has_a_pod(env).await;
    for (command, output, arguments) in [
        ("status", "status", &["status"][..]),
        ("diff", "diff", &["diff", "release-1"]),
        (
            "promote",
            "promote-print",
            &["promote", "release-1", "--to", "staging", "--print"],
        ),
        ("rotate-check", "rotate-check", &["rotate-check", "dev"]),
        ("explain", "explain", &["explain", "AwaitingPromotion"]),
        ("check", "check", &["check"]),
    ] {
        put(command, output, &of_cluster(env, arguments).await);
    }
    let file = Scratch::new("jwt");
    fs::write(&file.0, site.connection.add_credential().jwt).unwrap();
    put(
        "decode",
        "decode",
        &tidy(&printed(program().arg("decode").arg(&file.0)).await),
    );
    import(env).await;
}

/// What it says of one that is held.
pub async fn when_held(env: &Env) {
    put(
        "accept",
        "accept-print",
        &of_cluster(env, &["accept", "release-2", "--print"]).await,
    );
}

/// What a command prints of the namespace, without what differs from run to run.
async fn of_cluster(env: &Env, arguments: &[&str]) -> String {
    let mut command = program();
    command
        .args(arguments)
        .args(["--namespace", env.namespace.name()])
        .env("KUBECONFIG", env.namespace.control_plane().kubeconfig());
    let printed = printed(&mut command).await;
    let name = "pingone-aic-operator";
    let printed = printed.replace(&format!("{}-{name}", env.operator.release()), name);
    let printed = tidy(&printed.replace(env.namespace.name(), "pingone-aic"));
    let lines = printed.lines().map(constant);
    lines.map(|line| line + "\n").collect()
}

/// A line without the age of a credential.
fn constant(line: &str) -> String {
    if let Some((before, rest)) = line.split_once("credential ")
        && let Some((_, after)) = rest.split_once(" old")
    {
        return format!("{before}credential 5m old{after}");
    }
    line.to_owned()
}

/// There is no kubelet that would say so.
async fn has_a_pod(env: &Env) {
    let kind = "apps/v1/Deployment";
    for deployment in env
        .namespace
        .api(kind)
        .list(&ListParams::default())
        .await
        .unwrap()
    {
        let replicas = deployment.data["spec"]["replicas"].clone();
        let status = json!({"replicas": replicas, "readyReplicas": replicas, "availableReplicas": replicas});
        let name = deployment.name_any();
        env.namespace
            .patch_status(kind, &name, &json!({"status": status}))
            .await
            .unwrap();
    }
}

/// A sandbox in which people have made two integrations and something else.
async fn import(env: &Env) {
    let pingone = env.network.pingone(Region::Europe);
    let environment = pingone.create_environment("env-pingoneaic-mycompany-ew2-sandbox1");
    let connection = environment.create_connection();
    let host = "openam-mycompanysandbox1-ew2.forgeblocks.com";
    let tenant = env.network.tenant(host, Mutability::Mutable);
    let console = tenant.console();
    console.set_worker_service(Realm::Alpha, true);
    for (name, label, esv) in [
        (
            "PingOne-Integration-AIC",
            "PingOne.Integration.AIC",
            "esv-pingone-integration-aic",
        ),
        ("Protect", "fraud.team", "esv-fraud-team"),
    ] {
        console.create_secret(
            esv,
            "made by hand",
            label == "fraud.team",
            &connection.add_credential().jwt,
        );
        console.put_worker(
            Realm::Alpha,
            name,
            json!({"useCredential": true, "credentialPurpose": label}),
        );
        let label = format!("am.services.pingone.worker.{label}.credential");
        console.put_mapping(Realm::Alpha, &label, esv);
    }
    console.put_worker(
        Realm::Alpha,
        "Legacy",
        json!({"useCredential": false, "clientId": "c"}),
    );
    let account = tenant.create_service_account("operator", &SCOPES);
    let (file, ca, output) = (
        Scratch::new("yaml"),
        Scratch::new("pem"),
        Scratch::new("manifests"),
    );
    let secret = json!({"stringData": {"serviceAccountId": account.id, "jwk": account.jwk}});
    fs::write(&file.0, secret.to_string()).unwrap();
    fs::write(&ca.0, env.network.ca_pem()).unwrap();
    let mut command = program();
    command
        .args([
            "import",
            "--environment",
            "Sandbox",
            "--tenant",
            &format!("https://{host}"),
        ])
        .arg("--service-account")
        .arg(&file.0)
        .arg("--output")
        .arg(&output.0)
        .env("HTTPS_PROXY", env.network.proxy_url())
        .env("SSL_CERT_FILE", &ca.0);
    let report = printed(&mut command).await;
    // Ids stand in parentheses and before line ends.
    let report = tidy(&report.replace('(', "( ").replace("),", " ),"));
    put(
        "import",
        "import",
        &report.replace("( ", "(").replace(" ),", "),"),
    );
}

/// A file or a directory that goes with this.
struct Scratch(PathBuf);

impl Scratch {
    fn new(ending: &str) -> Self {
        Self(std::env::temp_dir().join(format!("pingone-aic-docs-{}.{ending}", uuid::Uuid::new_v4())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
        let _ = fs::remove_dir_all(&self.0);
    }
}
