//! Fifty integrations that people made in a tenant's console, odd ones among them, become manifests that adopt them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use pingone_aic_simulator::{
    Exchange, Mutability, Network, Realm, Region, Tenant,
    pingone::{Credential, ProductConnection},
};
use pingone_aic_support::{Env, is_done};
use serde_json::{Value, json};

use crate::person::{Said, said};

/// As many of them are as they should be.
const GOOD: usize = 37;
const HOST: &str = "openam-mycompany-ew2-dev.id.forgerock.io";
const ELSEWHERE: &str = "Prod: `eu` # \"1\" | <b>";
const SCOPES: [&str; 2] = ["fr:am:*", "fr:idc:esv:*"];

/// A tenant in which people have worked for years.
struct Console {
    tenant: Tenant,
    connection: ProductConnection,
    /// Of an environment that is no tenant's by its name.
    elsewhere: ProductConnection,
    /// By ESV.
    credentials: BTreeMap<String, Credential>,
}

impl Console {
    fn new(network: &Network) -> Self {
        let pingone = network.pingone(Region::Europe);
        let environment = pingone.create_environment("env-pingoneaic-mycompany-ew2-dev");
        let tenant = network.tenant(HOST, Mutability::Mutable);
        tenant.console().set_worker_service(Realm::Alpha, true);
        tenant.console().set_worker_service(Realm::Bravo, false);
        Self {
            tenant,
            connection: environment.create_connection(),
            elsewhere: pingone.create_environment(ELSEWHERE).create_connection(),
            credentials: BTreeMap::new(),
        }
    }

    /// An ESV with a credential.
    fn esv(&mut self, id: &str, description: &str, in_placeholders: bool) {
        let credential = self.connection.add_credential();
        let console = self.tenant.console();
        console.create_secret(id, description, in_placeholders, &credential.jwt);
        self.credentials.insert(id.to_owned(), credential);
    }

    fn worker(&self, realm: Realm, name: &str, label: &str) {
        let worker = json!({"useCredential": true, "credentialPurpose": label});
        self.tenant.console().put_worker(realm, name, worker);
    }

    fn maps(&self, realm: Realm, label: &str, esv: &str) {
        let label = format!("am.services.pingone.worker.{label}.credential");
        self.tenant.console().put_mapping(realm, &label, esv);
    }

    /// All three.
    fn integration(&mut self, name: &str, label: &str, esv: &str, in_placeholders: bool) {
        self.esv(esv, "made by hand", in_placeholders);
        self.worker(Realm::Alpha, name, label);
        self.maps(Realm::Alpha, label, esv);
    }
}

/// Names and ESVs of those that can be adopted; names of those that cannot, with a part of why.
type Expected = (Vec<(String, String)>, Vec<(String, &'static str)>);

fn fifty(console: &mut Console) -> Expected {
    let mut good = Vec::new();
    for number in 0..GOOD {
        let (name, esv, label) = match number {
            0 => (
                "PingOne-Integration-AIC".to_owned(),
                "esv-pingone-integration-aic".to_owned(),
                "PingOne.Integration.AIC".to_owned(),
            ),
            // What YAML could take for something else.
            1 => ("true".to_owned(), "esv-null".to_owned(), "0x1F".to_owned()),
            // Names that differ in their capitals alone.
            2 => (
                "protect".to_owned(),
                "esv-protect-1".to_owned(),
                "Protect1".to_owned(),
            ),
            3 => (
                "Protect".to_owned(),
                "esv-protect-2".to_owned(),
                "Protect2".to_owned(),
            ),
            _ => (
                format!("Team-{number}"),
                format!("esv-team_{number}"),
                format!("team.{number}"),
            ),
        };
        console.integration(&name, &label, &esv, number % 2 == 0);
        good.push((name, esv));
    }
    // A PingOne environment whose name leads to no tenant, and holds what YAML and Markdown could read.
    let elsewhere = console.elsewhere.add_credential();
    console
        .tenant
        .console()
        .create_secret("esv-elsewhere", "made by hand", true, &elsewhere.jwt);
    console.credentials.insert("esv-elsewhere".to_owned(), elsewhere);
    console.worker(Realm::Alpha, "Elsewhere", "elsewhere");
    console.maps(Realm::Alpha, "elsewhere", "esv-elsewhere");
    good.push(("Elsewhere".to_owned(), "esv-elsewhere".to_owned()));
    console.worker(Realm::Alpha, "a`b\n## <img>", "hostile");
    let long = "A".repeat(65);
    console.integration("two words", "two.words", "esv-two-words", true);
    console.integration(&long, "long", "esv-long", true);
    console.integration("Shared-1", "shared", "esv-shared", true);
    console.worker(Realm::Alpha, "Shared-2", "shared");
    console.integration("Twice", "twice", "esv-twice", true);
    console.maps(Realm::Bravo, "twice", "esv-twice");
    console.worker(Realm::Alpha, "Unmapped", "unmapped");
    console.worker(Realm::Alpha, "Dangling", "dangling");
    console.maps(Realm::Alpha, "dangling", "esv-gone");
    console.integration("Revoked", "revoked", "esv-revoked", true);
    let revoked = &console.credentials["esv-revoked"];
    console.connection.revoke(&revoked.id);
    console.integration("Managed", "managed", "esv-managed", false);
    let mark = "pingone-aic-operator other/dev 0b0e1c5f-6c1e-4d0c-9f0e-2b7f3a1c5d42 credential=x version=1";
    console.tenant.console().set_description("esv-managed", mark);
    console.esv("esv-disabled", "made by hand", true);
    console.worker(Realm::Bravo, "Disabled", "disabled");
    console.maps(Realm::Bravo, "disabled", "esv-disabled");
    let classic = json!({"useCredential": false, "clientId": "c", "clientSecretPurpose": "classic"});
    console
        .tenant
        .console()
        .put_worker(Realm::Alpha, "Classic", classic);
    let odd = [
        ("two words", "can have the name"),
        (&long, "can have the name"),
        ("Shared-1", "uses its label shared, too"),
        ("Shared-2", "uses its label shared, too"),
        ("Twice", "in the other realm, too"),
        ("Unmapped", "mapped to no ESV"),
        ("Dangling", "esv-gone, which does not exist"),
        ("Revoked", "its connection test fails"),
        ("Managed", "has the mark of AICIntegration"),
        ("Disabled", "worker service is disabled"),
        ("Classic", "client's id and secret"),
    ];
    (good, odd.map(|(name, why)| (name.to_owned(), why)).into())
}

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
