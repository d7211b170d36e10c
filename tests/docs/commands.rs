//! Every command in the docs runs as it stands there, or is run elsewhere.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use pingone_aic_harness::{Programs, TestNamespace, repository};
use tokio::task::spawn_blocking;

use crate::documents;

/// What is not run here, by a part of it that says so, and why.
const ELSEWHERE: [(&str, &str); 23] = [
    (
        "cargo ",
        "builds; .ci/run, tests/docs/definitions.rs and the demo run it",
    ),
    (".ci/run", "runs this test"),
    ("fuzz/run", ".ci/run runs it"),
    (
        "docker ",
        "needs a container engine; .ci/image makes the same steps",
    ),
    (
        "helm install",
        "tests/install, and every test that installs the operator",
    ),
    ("helm upgrade", "tests/install"),
    ("helm uninstall", "tests/install"),
    ("delete crd", "would take them from other tests; tests/install"),
    ("create namespace", "what every other command is run in"),
    ("kubeseal", "a program of another project"),
    ("vault ", "a program of another project"),
    ("externalsecret", "a kind of another project"),
    ("argocd-cm", "tests/argocd"),
    ("applications.yaml", "tests/argocd"),
    ("port-forward", "needs a pod"),
    ("curl ", "needs a pod"),
    ("rollout status", "needs a pod"),
    (
        "wait aicintegration/dev-alpha --for=condition=Active",
        "waits for the operator; outputs.rs",
    ),
    (
        "wait promotion/release-1 --for=condition=Ready",
        "waits for the operator; outputs.rs",
    ),
    (
        "wait promotion/release-1 --for=jsonpath",
        "waits for the operator; outputs.rs",
    ),
    (
        "wait aicintegration/dev-alpha --for=jsonpath='{.metadata.finalizers}'",
        "waits for the operator; tests/install",
    ),
    ("grep ", "reads the source"),
    ("get lease", "needs an installation; tests/promotion"),
];
/// What stands for what a reader puts in.
const FILLED: [(&str, &str); 5] = [
    ("<id>", "5d8c1f7e"),
    ("<promotion id>", "8f5c1f01-6c1e-4d0c-9f0e-2b7f3a1c5d42"),
    ("<group>", "platform-team"),
    // `can-i` says by its exit status what it found.
    ("<user>", "system:kube-controller-manager"),
    ("serviceaccount:pingone-aic:", "serviceaccount:NAMESPACE:"),
];
const FILES: [&str; 3] = ["credential.jwt", "new.jwt", "key.jwk"];
const OBJECTS: [&str; 4] = [
    "deploy/samples/development.yaml",
    "deploy/samples/staging.yaml",
    "deploy/demo/production.yaml",
    "deploy/demo/promotion.yaml",
];

#[tokio::test]
async fn every_command_in_the_docs_runs_as_it_stands_there() {
    let namespace = TestNamespace::create("the docs' commands").await;
    let kubectl = spawn_blocking(Programs::locate).await.unwrap().unwrap().kubectl;
    let folder = folder();
    let mut unused: Vec<_> = ELSEWHERE.map(|(part, _)| part).into();
    let mut run = 0;
    for file in documents() {
        for command in commands(&fs::read_to_string(&file).unwrap()) {
            let elsewhere = ELSEWHERE.iter().find(|(part, _)| command.contains(part));
            if let Some((part, _)) = elsewhere {
                unused.retain(|unused| unused != part);
                continue;
            }
            anew(&namespace, &command).await;
            let output = tokio::process::Command::new("bash")
                .args(["-euo", "pipefail", "-c", &filled(&command, namespace.name())])
                .env("PATH", path_with(kubectl.parent().unwrap()))
                .env("KUBECONFIG", namespace.control_plane().kubeconfig())
                .current_dir(&folder)
                .output()
                .await
                .unwrap();
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {command}\n{error}", file.display());
            run += 1;
        }
    }
    assert!(run >= 40, "only {run} commands were found");
    assert!(unused.is_empty(), "these are in no document any more: {unused:?}");
}

/// The commands of a document: a line each, without its comment.
fn commands(text: &str) -> Vec<String> {
    let blocks = text.split("```sh\n").skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().unwrap().replace("\\\n", " "));
    let mut commands = Vec::new();
    for block in blocks {
        for line in block.lines() {
            let command = line.split(" # ").next().unwrap().split_whitespace();
            let command = command.collect::<Vec<_>>().join(" ");
            if !command.is_empty() {
                commands.push(command);
            }
        }
    }
    commands
}

fn filled(command: &str, namespace: &str) -> String {
    let filled = FILLED.iter().fold(command.to_owned(), |text, (place, value)| {
        text.replace(place, value)
    });
    let filled = filled.replace("NAMESPACE", namespace);
    filled
        .replace("-n pingone-aic", &format!("-n {namespace}"))
        .replace("namespace pingone-aic", &format!("namespace {namespace}"))
}

/// What the commands are about, as if none had been run before. No operator is here that would act.
async fn anew(namespace: &TestNamespace, command: &str) {
    let kinds = "promotions,aicintegrations,pingoneconnections,secrets,rolebindings";
    let delete = ["delete", kinds, "--all", "--namespace", namespace.name()];
    namespace.control_plane().kubectl(&delete).await.unwrap();
    for file in OBJECTS {
        let objects = fs::read_to_string(repository().join(file)).unwrap();
        namespace.apply(objects).await.unwrap();
    }
    for secret in ["pingone-dev", "aic-dev"] {
        let is_made = command.contains(&format!("create secret generic {secret}"));
        if is_made && !command.contains("--dry-run") {
            let delete = ["delete", "secret", secret, "--namespace", namespace.name()];
            namespace.control_plane().kubectl(&delete).await.unwrap();
        }
    }
}

/// Where the commands find what they read.
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("docs-commands");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for file in FILES {
        fs::write(folder.join(file), "what a reader has downloaded").unwrap();
    }
    symlink(repository().join("crds"), folder.join("crds")).unwrap();
    folder
}

fn path_with(folder: &Path) -> String {
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap())
}
