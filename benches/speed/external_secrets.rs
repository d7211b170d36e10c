//! External Secrets Operator, which pushes as many Secrets to its in-memory provider, without any network.

use std::{
    collections::BTreeSet,
    pin::pin,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use futures::{StreamExt, TryStreamExt, stream};
use kube::{
    ResourceExt,
    core::DynamicObject,
    runtime::{WatchStreamExt, watcher},
};
use pingone_aic_harness::{ExternalSecrets, TestNamespace};
use serde_json::json;
use tokio::process::{Child, Command};

use crate::measure::Process;

const SECRETS: usize = 1000;
const PUSH_SECRET: &str = "external-secrets.io/v1alpha1/PushSecret";
const SECRET_STORE: &str = "external-secrets.io/v1/SecretStore";
const APPLIED_AT_ONCE: usize = 32;
const TRIES: usize = 5;
/// Why it did not do what was expected.
const LOG: &str = "target/external-secrets.log";

/// How it is run.
#[derive(Clone, Copy)]
pub enum Limits {
    /// As its chart installs it.
    AsInstalled,
    /// Its client to the API server may ask as often as it likes.
    Lifted,
}

/// How long it takes, and what the kernel says of it; an error where it cannot be built, or dies again and again.
pub async fn measure(limits: Limits) -> anyhow::Result<(Duration, Process)> {
    let found = tokio::task::spawn_blocking(ExternalSecrets::locate).await??;
    for _ in 1..TRIES {
        match once(&found, limits).await {
            Err(error) => println!("External Secrets Operator is tried again: {error:#}"),
            measured => return measured,
        }
    }
    once(&found, limits).await
}

async fn once(found: &ExternalSecrets, limits: Limits) -> anyhow::Result<(Duration, Process)> {
    let namespace = TestNamespace::create("external secrets").await;
    let control_plane = namespace.control_plane();
    for file in std::fs::read_dir(&found.crds)? {
        let file = file?.path();
        let file = file.to_str().unwrap();
        // Beside the definitions stands a kustomization.
        if file.contains("external-secrets.io_") {
            control_plane
                .kubectl(&["apply", "--server-side", "--filename", file])
                .await?;
        }
    }
    let established = [
        "wait",
        "--for=condition=Established",
        "crd",
        "--all",
        "--timeout=60s",
    ];
    control_plane.kubectl(&established).await?;
    let mut program = start(found, &namespace, limits)?;
    let store = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "SecretStore", "metadata": {"name": "memory"},
        "spec": {"provider": {"fake": {"data": []}}},
    });
    namespace.apply(store).await?;
    namespace
        .wait_for(
            SECRET_STORE,
            "memory",
            "to be Ready",
            Duration::from_mins(1),
            is_ready,
        )
        .await
        .with_context(|| format!("see {LOG}"))?;
    all(|number| {
        let (namespace, value) = (&namespace, "x".repeat(2000));
        async move {
            let name = format!("s-{number}");
            namespace.secret(&name, &[("credential", &value)]).await
        }
    })
    .await?;
    let started = Instant::now();
    let pushed = all(|number| {
        let namespace = &namespace;
        async move {
            let name = format!("s-{number}");
            let push = json!({
                "apiVersion": "external-secrets.io/v1alpha1", "kind": "PushSecret", "metadata": {"name": name},
                "spec": {
                    "secretStoreRefs": [{"name": "memory", "kind": "SecretStore"}],
                    "selector": {"secret": {"name": name}},
                    "data": [{"match": {"secretKey": "credential", "remoteRef": {"remoteKey": name}}}],
                },
            });
            namespace.apply(push).await.map(drop)
        }
    });
    let synced = async { tokio::join!(pushed, until_synced(&namespace)).0 };
    tokio::select! {
        applied = synced => applied?,
        // Its in-memory provider is not made for two controllers at once, and may end it.
        status = program.wait() => bail!("it ended with {}: see {LOG}", status?),
    }
    Ok((started.elapsed(), Process::of(program.id().unwrap())))
}

fn start(found: &ExternalSecrets, namespace: &TestNamespace, limits: Limits) -> anyhow::Result<Child> {
    let log = std::fs::File::create(pingone_aic_harness::repository().join(LOG))?;
    let mut command = Command::new(&found.program);
    command
        .args(["--namespace", namespace.name(), "--metrics-addr", "127.0.0.1:0"])
        .args(["--live-addr", "127.0.0.1:0"])
        .args([
            "--enable-cluster-store-reconciler=false",
            "--enable-cluster-push-secret-reconciler=false",
        ])
        .arg("--enable-cluster-external-secret-reconciler=false")
        .env("KUBECONFIG", namespace.control_plane().kubeconfig())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true);
    if matches!(limits, Limits::Lifted) {
        command.args(["--client-qps", "100000", "--client-burst", "100000"]);
    }
    Ok(command.spawn()?)
}

async fn all<F>(make: impl Fn(usize) -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let mut all = stream::iter(0..SECRETS)
        .map(make)
        .buffer_unordered(APPLIED_AT_ONCE);
    while let Some(made) = all.next().await {
        made?;
    }
    Ok(())
}

/// Its conditions do not say of which generation they speak.
fn is_ready(object: &DynamicObject) -> bool {
    let conditions = object.data["status"]["conditions"].as_array();
    let mut conditions = conditions.into_iter().flatten();
    conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

async fn until_synced(namespace: &TestNamespace) {
    let mut changes = pin!(
        watcher(namespace.api(PUSH_SECRET), watcher::Config::default())
            .default_backoff()
            .applied_objects()
    );
    let mut synced = BTreeSet::new();
    while synced.len() < SECRETS {
        let next = changes.try_next().await.unwrap().unwrap();
        if is_ready(&next) {
            synced.insert(next.name_any());
        }
    }
}
