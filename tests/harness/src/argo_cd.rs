//! Argo CD without its web server: it syncs Git repositories on this machine into the control plane, and notifies.

use crate::{
    Namespace,
    control_plane::{POLL, free_port},
    process::{Process, tail},
    programs::ArgoCdPrograms,
    scratch::Scratch,
};
use anyhow::{Context as _, Result, bail, ensure};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api,
    runtime::wait::{await_condition, conditions::is_crd_established},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    env, fs,
    net::{Ipv4Addr, TcpStream},
    path::PathBuf,
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout};

/// How long a part may take to listen, or a definition to be established. It needs a second on an idle machine.
const BOOT: Duration = Duration::from_mins(1);

/// What the parts say to each other goes through these.
struct Ports {
    redis: u16,
    repo_server: u16,
}

/// A running Argo CD. Dropping it kills it.
pub struct ArgoCd {
    // Fields are dropped in this order: who depends on a server goes before it.
    _notifications_controller: Process,
    _application_controller: Process,
    _repo_server: Process,
    _redis: Process,
    // Last: the processes write into it.
    _scratch: Scratch,
}

impl ArgoCd {
    /// Starts it in a namespace, where it looks for its Applications, and merges files into its settings, which are
    /// `ConfigMaps`, as its administrator does.
    pub async fn start(namespace: &Namespace, settings: &[(&str, PathBuf)]) -> Result<Self> {
        let programs = tokio::task::spawn_blocking(ArgoCdPrograms::locate).await??;
        install(namespace, &programs).await?;
        for (name, file) in settings {
            let file = file.to_str().context("the settings' path is not UTF-8")?;
            let patch = ["patch", "configmap", name, "--patch-file", file];
            let patch = [&patch[..], &["--namespace", namespace.name()]].concat();
            namespace.control_plane().kubectl(&patch).await?;
        }

        let scratch = Scratch::create()?;
        let ports = Ports {
            redis: free_port()?,
            repo_server: free_port()?,
        };
        for part in [
            "argocd-application-controller",
            "argocd-notifications",
            "argocd-repo-server",
            "redis-server",
        ] {
            let log = log(&scratch, part);
            namespace.explain_with(&format!("{part} (the end of its log)"), move || tail(&log, 50));
        }
        let redis = redis(&programs, &ports, &scratch)?;
        until_it_listens(&redis, ports.redis).await?;
        let repo_server = repo_server(&programs, namespace, &ports, &scratch)?;
        until_it_listens(&repo_server, ports.repo_server).await?;
        let application_controller = application_controller(&programs, namespace, &ports, &scratch)?;
        let notifications_controller = notifications_controller(&programs, namespace, &ports, &scratch)?;
        Ok(Self {
            _notifications_controller: notifications_controller,
            _application_controller: application_controller,
            _repo_server: repo_server,
            _redis: redis,
            _scratch: scratch,
        })
    }
}

/// What its own installation brings, as far as these parts of it look at it.
async fn install(namespace: &Namespace, programs: &ArgoCdPrograms) -> Result<()> {
    let control_plane = namespace.control_plane();
    for kind in ["application", "appproject"] {
        let file = programs.crds.join(format!("{kind}-crd.yaml"));
        let file = file.to_str().context("the definitions' path is not UTF-8")?;
        let apply = ["apply", "--server-side", "--filename", file];
        control_plane.kubectl(&apply).await?;
        let definitions: Api<CustomResourceDefinition> = Api::all(namespace.client());
        let name = format!("{kind}s.argoproj.io");
        let established = await_condition(definitions, &name, is_crd_established());
        timeout(BOOT, established)
            .await
            .with_context(|| format!("{name} is not established after {BOOT:?}"))??;
    }
    let part_of = json!({"app.kubernetes.io/part-of": "argocd"});
    for name in [
        "argocd-cm",
        "argocd-rbac-cm",
        "argocd-tls-certs-cm",
        "argocd-ssh-known-hosts-cm",
        "argocd-gpg-keys-cm",
        "argocd-notifications-cm",
    ] {
        let config_map = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": part_of},
        });
        namespace.apply(config_map).await?;
    }
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "argocd-secret", "labels": part_of},
        "stringData": {"server.secretkey": crate::unique()},
    });
    namespace.apply(secret).await?;
    let secret =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "argocd-notifications-secret"}});
    namespace.apply(secret).await?;
    namespace.apply(cluster(namespace)?).await?;
    let project = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "default"},
        "spec": {"sourceRepos": ["*"], "destinations": [{"namespace": "*", "server": "*"}]},
    });
    namespace.apply(project).await?;
    Ok(())
}

/// The control plane, as a cluster that Argo CD syncs to; and of it this namespace only, for another test's Argo CD
/// would prune what Applications of the same name have made here.
fn cluster(namespace: &Namespace) -> Result<Value> {
    let control_plane = namespace.control_plane();
    let kubeconfig: Value = serde_saphyr::from_str(&fs::read_to_string(control_plane.kubeconfig())?)?;
    let (cluster, user) = (
        &kubeconfig["clusters"][0]["cluster"],
        &kubeconfig["users"][0]["user"],
    );
    let config = json!({"tlsClientConfig": {
        "caData": cluster["certificate-authority-data"],
        "certData": user["client-certificate-data"],
        "keyData": user["client-key-data"],
    }});
    Ok(json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "cluster", "labels": {"argocd.argoproj.io/secret-type": "cluster"}},
        "stringData": {
            "name": "harness", "server": control_plane.url(), "config": config.to_string(),
            "namespaces": namespace.name(), "clusterResources": "false",
        },
    }))
}

fn redis(programs: &ArgoCdPrograms, ports: &Ports, scratch: &Scratch) -> Result<Process> {
    let arguments = [
        "--bind".to_owned(),
        Ipv4Addr::LOCALHOST.to_string(),
        "--port".to_owned(),
        ports.redis.to_string(),
        // Nobody starts it again.
        "--save".to_owned(),
        String::new(),
        "--dir".to_owned(),
        scratch.display().to_string(),
    ];
    let log = log(scratch, "redis-server");
    Process::start(&programs.redis_server, &arguments, &BTreeMap::new(), &log)
}

fn repo_server(
    programs: &ArgoCdPrograms,
    namespace: &Namespace,
    ports: &Ports,
    scratch: &Scratch,
) -> Result<Process> {
    let arguments = [
        format!("--address={}", Ipv4Addr::LOCALHOST),
        format!("--port={}", ports.repo_server),
        "--disable-tls".to_owned(),
        format!("--metrics-address={}", Ipv4Addr::LOCALHOST),
        format!("--redis={}:{}", Ipv4Addr::LOCALHOST, ports.redis),
    ];
    part(programs, namespace, "argocd-repo-server", &arguments, scratch)
}

fn application_controller(
    programs: &ArgoCdPrograms,
    namespace: &Namespace,
    ports: &Ports,
    scratch: &Scratch,
) -> Result<Process> {
    let kubeconfig = namespace.control_plane().kubeconfig();
    let arguments = [
        format!("--repo-server={}:{}", Ipv4Addr::LOCALHOST, ports.repo_server),
        "--repo-server-plaintext".to_owned(),
        format!("--kubeconfig={}", kubeconfig.display()),
        format!("--namespace={}", namespace.name()),
        // What a notification says of an object, it reads from its Application.
        "--persist-resource-health".to_owned(),
        format!("--redis={}:{}", Ipv4Addr::LOCALHOST, ports.redis),
    ];
    let name = "argocd-application-controller";
    part(programs, namespace, name, &arguments, scratch)
}

fn notifications_controller(
    programs: &ArgoCdPrograms,
    namespace: &Namespace,
    ports: &Ports,
    scratch: &Scratch,
) -> Result<Process> {
    let kubeconfig = namespace.control_plane().kubeconfig();
    let arguments = [
        "controller".to_owned(),
        format!(
            "--argocd-repo-server={}:{}",
            Ipv4Addr::LOCALHOST,
            ports.repo_server
        ),
        "--argocd-repo-server-plaintext".to_owned(),
        format!("--kubeconfig={}", kubeconfig.display()),
        format!("--namespace={}", namespace.name()),
    ];
    part(programs, namespace, "argocd-notifications", &arguments, scratch)
}

fn part(
    programs: &ArgoCdPrograms,
    namespace: &Namespace,
    name: &str,
    arguments: &[String],
    scratch: &Scratch,
) -> Result<Process> {
    let own = [
        format!("--metrics-port={}", free_port()?),
        "--logformat=text".to_owned(),
    ];
    let folder = scratch.display().to_string();
    let environment = [
        // Which part of Argo CD it is, in place of the program's name.
        ("ARGOCD_BINARY_NAME", name.to_owned()),
        ("ARGOCD_GPG_ENABLED", "false".to_owned()),
        ("ARGOCD_ASK_PASS_SOCK", format!("{folder}/ask-pass.sock")),
        // It runs git.
        ("PATH", env::var("PATH").unwrap_or_default()),
        ("HOME", folder.clone()),
        ("TMPDIR", folder),
        (
            "KUBECONFIG",
            namespace.control_plane().kubeconfig().display().to_string(),
        ),
    ];
    let environment = environment
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let arguments = [arguments, &own].concat();
    Process::start(&programs.argocd, &arguments, &environment, &log(scratch, name))
}

fn log(scratch: &Scratch, part: &str) -> std::path::PathBuf {
    scratch.join(format!("{part}.log"))
}

async fn until_it_listens(process: &Process, port: u16) -> Result<()> {
    let deadline = Instant::now() + BOOT;
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        let log = || process.log_tail(30);
        if let Some(status) = process.exit_status() {
            bail!("it ended before it listened, {status}:\n{}", log());
        }
        ensure!(
            Instant::now() < deadline,
            "it does not listen after {BOOT:?}:\n{}",
            log()
        );
        sleep(POLL).await;
    }
    Ok(())
}
