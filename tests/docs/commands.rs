//! Every command in the docs runs as it stands there, is run elsewhere, or is not run, with the reason why.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use pingone_aic_harness::{Programs, TestNamespace, repository};
use tokio::task::spawn_blocking;

use crate::documents;

/// What is run elsewhere as it stands, and where: a whole command, alone or in a pipe, or the beginning of one, which
/// ends in a space. Anything looser would take commands along that nobody has looked at.
const ELSEWHERE: [(&str, &str); 35] = [
    ("cargo run --example demo", ".ci/run"),
    ("cargo test", ".ci/run"),
    ("cargo unit", "a part of cargo test"),
    ("cargo test --test cluster integration", "a part of cargo test"),
    ("cargo test --test survival", "a part of cargo test"),
    (
        "kubectl --namespace argocd patch configmap argocd-cm --patch-file deploy/argocd/argocd-cm.yaml",
        "tests/argocd",
    ),
    (
        "kubectl --namespace argocd patch configmap argocd-notifications-cm --patch-file deploy/argocd/notifications.yaml",
        "tests/argocd",
    ),
    (
        "kubectl --namespace argocd patch configmap argocd-cm --patch-file deploy/argocd/deep-links.yaml",
        "tests/argocd",
    ),
    (
        "kubectl apply -f deploy/flux/alerts.yaml",
        "tests/argocd/flux.rs, with a provider of its own in it",
    ),
    ("kubectl pingone diff ", "tests/plugin"),
    ("kubectl pingone promote ", "tests/plugin"),
    ("kubectl pingone accept ", "tests/plugin"),
    ("kubectl pingone abort ", "tests/plugin"),
    ("kubectl pingone suspend ", "tests/plugin"),
    ("kubectl pingone resume ", "tests/plugin"),
    ("kubectl pingone check-now ", "tests/plugin"),
    ("kubectl pingone rotate-check ", "tests/plugin"),
    ("kubectl pingone check", "tests/plugin"),
    ("kubectl pingone support-bundle", "tests/plugin"),
    ("kubectl pingone support-bundle --output bundle", "tests/plugin"),
    ("kubectl pingone import ", "tests/plugin"),
    ("kubectl pingone board", "tests/board"),
    ("kubectl pingone board -A --port 8443", "tests/board"),
    ("kubectl pingone status --watch", "tests/plugin"),
    (
        "kubectl pingone status -A --problems",
        "tests/plugin: its exit status would tell of other tests' objects",
    ),
    ("kubectl pingone decode credential.jwt", "tests/plugin"),
    (
        "kubectl apply -f applications.yaml",
        "tests/argocd, with a repository of its own in it",
    ),
    (
        "kubectl -n pingone-aic wait aicintegration/dev-alpha --for=condition=Active --timeout=5m",
        "outputs.rs",
    ),
    (
        "kubectl -n pingone-aic wait promotion/release-1 --for=condition=Ready --timeout=1h",
        "outputs.rs",
    ),
    (
        "kubectl -n pingone-aic wait promotion/release-1 --for=jsonpath='{.status.phase}'=Succeeded --timeout=1h",
        "outputs.rs",
    ),
    (
        r#"kubectl -n pingone-aic get promotion release-2 -o jsonpath='{.status.conditions[?(@.type=="Ready")].message}'"#,
        "outputs.rs",
    ),
    (
        "kubectl -n pingone-aic wait aicintegration/dev-alpha --for=jsonpath='{.metadata.finalizers}' --timeout=1m",
        "tests/cluster/install",
    ),
    (
        "kubectl -n pingone-aic scale deployment pingone-aic-operator --replicas ",
        "tests/cluster/disaster.rs stops and starts its operator",
    ),
    (
        "helm uninstall pingone-aic-operator --namespace pingone-aic",
        "tests/cluster/install",
    ),
    (
        "kubectl delete crd pingoneconnections.pingone-aic.io aicintegrations.pingone-aic.io promotions.pingone-aic.io",
        "tests/cluster/install",
    ),
];
/// What nobody runs as it stands, and why.
const NOT_RUN: [(&str, &str); 31] = [
    (".ci/run", "it runs this test"),
    (".ci/run fast", "a part of .ci/run"),
    (".ci/full", "takes hours, and begins with .ci/run"),
    ("cargo model", "takes minutes; a part of cargo test"),
    (
        "cargo model -- --include-ignored",
        "takes minutes; .ci/full runs it",
    ),
    ("cargo matrix", "takes more than an hour: .ci/full runs it"),
    ("cargo matrix ", "a part of that"),
    (
        "cargo run --example demo -- --keep",
        "ends only when it is stopped; .ci/run has the demo without it",
    ),
    (
        "cargo run -- crd",
        "builds; definitions.rs holds what it prints, and .ci/image has it printed",
    ),
    (
        "cargo run -- --watch-namespace pingone-aic --log-format text",
        "ends only when it is stopped",
    ),
    (
        "cargo test --test survival -- ",
        "takes an hour and a half, or repeats what a run has printed",
    ),
    ("cargo bench", "takes most of an hour"),
    ("cargo install ", "builds, and installs for good"),
    ("cargo bench -- ", "takes minutes"),
    (
        "PINGONE_AIC_CREDENTIALS=client-claims cargo test ",
        ".ci/run runs it",
    ),
    (
        "UPDATE_GENERATED=1 cargo test ",
        "writes what it is to be held against",
    ),
    ("fuzz/run 600", "takes ten minutes; .ci/run gives it 15 seconds"),
    (
        "docker build ",
        "needs a container engine; .ci/image builds the program as the Dockerfile does",
    ),
    ("docker push ", "needs a container engine and a registry"),
    (
        "helm install ",
        "would be a second operator beside other tests; tests/cluster/install installs, with values of its own",
    ),
    (
        "helm upgrade ",
        "needs a release; tests/cluster/install upgrades, with --reuse-values",
    ),
    ("helm rollback ", "needs a release with a former revision"),
    (
        "kubectl create namespace pingone-aic",
        "the harness has made the one that stands for it",
    ),
    (
        "kubectl label namespace pingone-aic pingone-aic.io/governed=true",
        "other commands would be refused then; tests/cluster/install/policies.rs has a namespace of its own",
    ),
    ("kubeseal ", "a program of another project"),
    ("vault ", "a program of another project"),
    (
        "kubectl -n pingone-aic annotate externalsecret ",
        "a kind of another project",
    ),
    (
        "kubectl -n pingone-aic rollout status ",
        "needs pods, and no kubelet is here",
    ),
    (
        "kubectl -n pingone-aic port-forward ",
        "needs pods, and no kubelet is here",
    ),
    ("curl ", "needs pods, and no kubelet is here"),
    (
        "kubectl -n pingone-aic get lease pingone-aic-operator ",
        "needs an installation",
    ),
];
/// What stands for what a reader puts in.
const FILLED: [(&str, &str); 6] = [
    ("<id>", "5d8c1f7e"),
    ("<promotion id>", "8f5c1f01-6c1e-4d0c-9f0e-2b7f3a1c5d42"),
    ("<report id>", "d19e1400-8325-4669-b9f3-1cd82784e24e"),
    ("<group>", "platform-team"),
    // `can-i` says by its exit status what it found.
    ("<user>", "system:kube-controller-manager"),
    ("serviceaccount:pingone-aic:", "serviceaccount:NAMESPACE:"),
];
const FILES: [&str; 3] = ["credential.jwt", "new.jwt", "key.jwk"];
const OBJECTS: [&str; 5] = [
    "deploy/samples/secrets.yaml",
    "deploy/samples/development.yaml",
    "deploy/samples/staging.yaml",
    "deploy/samples/production.yaml",
    "deploy/samples/promotion.yaml",
];

#[tokio::test]
async fn every_command_in_the_docs_runs_as_it_stands_there() {
    let namespace = TestNamespace::create("the docs' commands").await;
    let kubectl = spawn_blocking(Programs::locate).await.unwrap().unwrap().kubectl;
    let folder = folder();
    let not_here = || ELSEWHERE.iter().chain(&NOT_RUN).map(|(entry, _)| *entry);
    let mut unused: Vec<_> = not_here().collect();
    let mut run = 0;
    for file in documents() {
        for command in commands(&fs::read_to_string(&file).unwrap()) {
            if let Some(entry) = not_here().find(|entry| covers(entry, &command)) {
                unused.retain(|unused| *unused != entry);
                continue;
            }
            anew(&namespace, &command).await;
            let output = tokio::process::Command::new("bash")
                .args(["-euo", "pipefail", "-c", &filled(&command, namespace.name())])
                .env(
                    "PATH",
                    path_with(&[kubectl.parent().unwrap(), &folder.join("bin")]),
                )
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

/// Whether a command, or one in its pipe, is an entry's.
fn covers(entry: &str, command: &str) -> bool {
    command.split(" | ").any(|part| {
        if entry.ends_with(' ') {
            part.starts_with(entry)
        } else {
            part == entry
        }
    })
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
    // Nothing here has a finalizer, so nothing has to be waited for.
    let delete = [
        "delete",
        kinds,
        "--all",
        "--wait=false",
        "--namespace",
        namespace.name(),
    ];
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
    // A plugin is a program of this name in PATH.
    fs::create_dir(folder.join("bin")).unwrap();
    symlink(
        env!("CARGO_BIN_EXE_kubectl-pingone"),
        folder.join("bin/kubectl-pingone"),
    )
    .unwrap();
    for read in ["crds", "deploy", "src"] {
        symlink(repository().join(read), folder.join(read)).unwrap();
    }
    folder
}

fn path_with(folders: &[&Path]) -> String {
    let own = std::env::var_os("PATH").unwrap();
    let all = folders
        .iter()
        .map(PathBuf::from)
        .chain(std::env::split_paths(&own));
    std::env::join_paths(all).unwrap().into_string().unwrap()
}
