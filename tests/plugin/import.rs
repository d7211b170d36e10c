//! Fifty integrations that people made in a tenant's console, odd ones among them, become manifests that adopt them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use pingone_aic_simulator::{Exchange, Network};
use pingone_aic_support::{Env, is_done};
use serde_json::{Value, json};

use crate::{
    console::{Console, ELSEWHERE, HOST, fifty},
    person::{Said, said},
};

const SCOPES: [&str; 2] = ["fr:am:*", "fr:idc:esv:*"];

/// A place for one test's files.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("pingone-aic-import-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The plugin's `import`, of somebody who has no cluster.
async fn import(network: &Network, account: &Path, output: &Path, more: &[&str]) -> Said {
    let ca = output.with_extension("pem");
    fs::write(&ca, network.ca_pem()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-pingone"));
    command
        .args([
            "import",
            "--tenant",
            &format!("https://{HOST}"),
            "--environment",
            "Development",
        ])
        .arg("--service-account")
        .arg(account)
        .arg("--output")
        .arg(output)
        .args(more)
        .env_clear()
        .env("HTTPS_PROXY", network.proxy_url())
        .env("SSL_CERT_FILE", &ca);
    said(network, command).await
}

#[tokio::test]
async fn what_people_made_is_imported_adopted_and_changed_in_nothing_but_its_mark() {
    let mut env = Env::start("fifty hand-made integrations are imported").await;
    let mut console = Console::new(&env.network);
    let (good, odd) = fifty(&mut console);
    // And the one whose name holds markup.
    assert_eq!(good.len() + odd.len() + 1, 50);
    let account = console.tenant.create_service_account("operator", &SCOPES);
    let scratch = Scratch::new();
    let (file, output) = (scratch.0.join("account.yaml"), scratch.0.join("manifests"));
    let secret = json!({"stringData": {"serviceAccountId": account.id, "jwk": account.jwk}});
    fs::write(&file, secret.to_string()).unwrap();

    let before = env.network.position();
    let imported = import(&env.network, &file, &output, &[]).await;
    assert_eq!(imported.code, 1, "not everything can be adopted: {imported:?}");
    let calls = env.network.journal_since(before);
    let wrote: Vec<_> = calls
        .iter()
        .filter(|call| writes(call))
        .map(ToString::to_string)
        .collect();
    assert!(wrote.is_empty(), "an import changes nothing: {wrote:?}");
    let report = fs::read_to_string(output.join("REPORT.md")).unwrap();
    assert_eq!(imported.text, report);
    assert!(report.contains("38 of 50 workers can be adopted"), "{report}");
    assert!(
        report.contains("- `` a`b## <img> `` in realm alpha\n"),
        "{report}"
    );
    assert!(
        report.contains(&format!("PingOne environment `` {ELSEWHERE} `` (")),
        "{report}"
    );
    for (name, why) in &odd {
        let (_, rest) = report.split_once(&format!("- ` {name} ` in realm")).unwrap();
        let obstacle = rest.lines().nth(1).unwrap();
        assert!(obstacle.contains(why), "{name}: {obstacle}");
    }
    // Nothing that exists is overwritten.
    let again = import(&env.network, &file, &output, &[]).await;
    assert_eq!(again.code, 2, "{again:?}");
    assert!(again.complaint.contains("is not empty"), "{again:?}");

    console.tenant.console().hand_over();
    // Until then the tenant might use a value from before.
    env.advance(Duration::from_mins(12)).await;
    let objects = apply(&env, &output, &console, (&account.id, &account.jwk)).await;
    assert_eq!(objects.len(), good.len());
    for (object, credential) in &objects {
        let done = |it: Option<&_>| is_done(it, credential).err();
        env.until_object("AICIntegration", object, done).await.unwrap();
    }
    env.settle().await;
    let calls = env.network.journal_since(before);
    let wrote = calls.iter().filter(|call| writes(call));
    let wrote: Vec<_> = wrote
        .filter(|call| call.action() != Some("setDescription"))
        .map(ToString::to_string)
        .collect();
    assert!(
        wrote.is_empty(),
        "an adoption marks, and changes nothing else: {wrote:?}"
    );
    for (_, esv) in &good {
        let secret = console.tenant.secret(esv).unwrap();
        assert_eq!(secret.versions.len(), 1, "{esv}");
        assert!(
            secret.description.starts_with("pingone-aic-operator "),
            "{esv}: {}",
            secret.description
        );
    }
    for esv in [
        "esv-shared",
        "esv-twice",
        "esv-revoked",
        "esv-disabled",
        "esv-two-words",
        "esv-long",
    ] {
        let description = console.tenant.secret(esv).unwrap().description;
        assert_eq!(description, "made by hand", "{esv}");
    }
    env.check_outputs().await;
}

/// Whether a call could have changed something in the tenant.
fn writes(call: &Exchange) -> bool {
    // What a tenant refuses is told there, too: nothing of that kind is to be sent.
    let is_question = ["schema", "testConnection"].map(Some).contains(&call.action());
    call.host == HOST && call.method != "GET" && !is_question && !call.path.ends_with("/access_token")
}

/// Fills the Secrets in and applies the rest, as the report says; each object with its credential's id.
async fn apply(env: &Env, output: &Path, console: &Console, account: (&str, &str)) -> Vec<(String, String)> {
    let parse = |path: &Path| -> Vec<Value> {
        let text = fs::read_to_string(path).unwrap();
        text.split("---\n")
            .map(|document| serde_saphyr::from_str(document).unwrap())
            .collect()
    };
    let account = [("serviceAccountId", account.0), ("jwk", account.1)];
    env.namespace
        .secret("aic-mycompany-ew2-dev", &account)
        .await
        .unwrap();
    let mut objects = Vec::new();
    for entry in fs::read_dir(output).unwrap() {
        let path = entry.unwrap().path();
        let is_manifest = path.extension().is_some_and(|ending| ending == "yaml");
        if !is_manifest || path.ends_with("kustomization.yaml") {
            continue;
        }
        let [connection, integration] = parse(&path).try_into().unwrap();
        let name = integration["metadata"]["name"].as_str().unwrap().to_owned();
        assert_eq!(integration["spec"]["driftPolicy"], "Warn");
        let credential = &console.credentials[integration["spec"]["esvId"].as_str().unwrap()];
        let secret = connection["spec"]["credentialSecretRef"]["name"]
            .as_str()
            .unwrap();
        let stub = fs::read_to_string(output.join(format!("secrets/{secret}.yaml"))).unwrap();
        assert!(stub.contains(&credential.id), "{stub}");
        // As a person fills it in.
        let mut filled: Value = serde_saphyr::from_str(&stub).unwrap();
        filled["stringData"]["credential"] = json!(credential.jwt);
        env.namespace.apply(filled).await.unwrap();
        objects.push((name, credential.id.clone()));
    }
    let apply = [
        "apply",
        "--namespace",
        env.namespace.name(),
        "-k",
        output.to_str().unwrap(),
    ];
    env.namespace.control_plane().kubectl(&apply).await.unwrap();
    objects
}

#[tokio::test]
async fn an_import_that_cannot_be_done_says_why_and_leaves_nothing() {
    let network = Network::start().await;
    let console = Console::new(&network);
    let scratch = Scratch::new();
    let (file, output) = (scratch.0.join("account.yaml"), scratch.0.join("manifests"));
    fs::write(&file, "a: secret-looking text").unwrap();
    let wrong = import(&network, &file, &output, &[]).await;
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(
        wrong
            .complaint
            .contains("no Secret with the keys serviceAccountId and jwk"),
        "{wrong:?}"
    );
    assert!(!wrong.complaint.contains("secret-looking"), "{wrong:?}");

    let account = console.tenant.create_service_account("reader", &["fr:am:*"]);
    let data = json!({"stringData": {"serviceAccountId": account.id, "jwk": account.jwk}});
    fs::write(&file, data.to_string()).unwrap();
    let refused = import(&network, &file, &output, &[]).await;
    assert_eq!((refused.code, refused.text.as_str()), (3, ""), "{refused:?}");
    assert!(refused.complaint.contains("fr:idc:esv"), "{refused:?}");
    assert!(!output.exists());
}

#[tokio::test]
async fn who_has_a_secret_store_gets_external_secrets() {
    let network = Network::start().await;
    let mut console = Console::new(&network);
    console.integration("Team-1", "team.1", "esv-team-1", true);
    let account = console.tenant.create_service_account("operator", &SCOPES);
    let scratch = Scratch::new();
    let (file, output) = (scratch.0.join("account.json"), scratch.0.join("manifests"));
    let secret = json!({"stringData": {"serviceAccountId": account.id, "jwk": account.jwk}});
    fs::write(&file, secret.to_string()).unwrap();
    let imported = import(&network, &file, &output, &["--secret-store", "vault"]).await;
    assert_eq!(imported.code, 0, "{imported:?}");
    let read = |path: &str| -> Value {
        serde_saphyr::from_str(&fs::read_to_string(output.join(path)).unwrap()).unwrap()
    };
    let resources = read("kustomization.yaml");
    let name = "mycompany-ew2-dev-team-1-alpha";
    let expected = json!([
        "secrets/aic-mycompany-ew2-dev.yaml",
        format!("secrets/pingone-{name}.yaml"),
        format!("{name}.yaml")
    ]);
    assert_eq!(resources["resources"], expected);
    let secret = read(&format!("secrets/pingone-{name}.yaml"));
    assert_eq!(secret["kind"], "ExternalSecret");
    assert_eq!(
        secret["spec"]["secretStoreRef"],
        json!({"kind": "ClusterSecretStore", "name": "vault"})
    );
    let data = json!([{"secretKey": "credential", "remoteRef": {"key": format!("pingone-{name}"), "property": "credential"}}]);
    assert_eq!(secret["spec"]["data"], data);
}
