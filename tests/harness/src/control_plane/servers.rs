//! The three servers' arguments and the files that they read.

use crate::{
    certificates::{Authority, Identity},
    control_plane::POLL,
    process::Process,
    programs::Programs,
};
use anyhow::{Result, bail};
use serde_json::json;
use std::{
    collections::BTreeMap,
    fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    ops::Range,
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicU16, Ordering},
    },
};
use tokio::time::sleep;

/// Keys and certificates of the API server.
pub(super) struct Files {
    pub(super) ca: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
    /// Signs the tokens of service accounts.
    tokens_key: PathBuf,
    /// Proves those tokens.
    tokens_public: PathBuf,
}

impl Files {
    pub(super) fn write(folder: &Path, authority: &Authority) -> Result<Self> {
        let server = authority.server(&["127.0.0.1", "localhost", "kubernetes.default.svc"])?;
        let tokens = rcgen::KeyPair::generate()?;
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::write(&path, text).map(|()| path)
        };
        Ok(Self {
            ca: write("ca.crt", &authority.pem)?,
            certificate: write("apiserver.crt", &server.certificate)?,
            key: write("apiserver.key", &server.key)?,
            tokens_key: write("tokens.key", &tokens.serialize_pem())?,
            tokens_public: write("tokens.pub", &tokens.public_key_pem())?,
        })
    }
}

pub(super) fn url(port: u16) -> String {
    format!("https://127.0.0.1:{port}")
}

/// A kubeconfig with one context. JSON is YAML.
pub(super) fn kubeconfig(port: u16, ca: &str, identity: &Identity) -> String {
    let encode = |pem: &str| k8s_openapi::ByteString(pem.as_bytes().to_vec());
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "harness", "cluster": {"server": url(port), "certificate-authority-data": encode(ca)}}],
        "users": [{"name": "harness", "user": {
            "client-certificate-data": encode(&identity.certificate),
            "client-key-data": encode(&identity.key),
        }}],
        "contexts": [{"name": "harness", "context": {"cluster": "harness", "user": "harness"}}],
        "current-context": "harness",
    })
    .to_string()
}

fn start(program: &Path, arguments: &[String], folder: &Path) -> Result<Process> {
    let log = program.with_extension("log");
    let log = folder.join(log.file_name().unwrap_or_default());
    // A quarter of the garbage collections, for twice the memory of servers that live for minutes.
    let environment = BTreeMap::from([("GOGC".to_owned(), "400".to_owned())]);
    Process::start(program, arguments, &environment, &log)
}

/// etcd speaks through sockets in `folder`, so that it needs no port.
pub(super) fn etcd(programs: &Programs, folder: &Path) -> Result<Process> {
    let (clients, peers) = (
        etcd_url(folder),
        format!("unix://{}", folder.join("peer.sock").display()),
    );
    let arguments = [
        format!("--data-dir={}", folder.join("etcd").display()),
        format!("--listen-client-urls={clients}"),
        format!("--advertise-client-urls={clients}"),
        format!("--listen-peer-urls={peers}"),
        format!("--initial-advertise-peer-urls={peers}"),
        format!("--initial-cluster=default={peers}"),
        // It has to survive nothing: nobody starts it again.
        "--unsafe-no-fsync".to_owned(),
        "--log-level=warn".to_owned(),
    ];
    start(&programs.etcd, &arguments, folder)
}

fn etcd_url(folder: &Path) -> String {
    format!("unix://{}", folder.join("etcd.sock").display())
}

pub(super) fn api_server(programs: &Programs, files: &Files, port: u16, folder: &Path) -> Result<Process> {
    let arguments = [
        format!("--etcd-servers={}", etcd_url(folder)),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--secure-port={port}"),
        format!("--tls-cert-file={}", files.certificate.display()),
        format!("--tls-private-key-file={}", files.key.display()),
        format!("--client-ca-file={}", files.ca.display()),
        "--authorization-mode=RBAC".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!("--service-account-key-file={}", files.tokens_public.display()),
        format!(
            "--service-account-signing-key-file={}",
            files.tokens_key.display()
        ),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        // No pod looks for the Service `kubernetes`, and a loopback address may not stand in it.
        "--endpoint-reconciler-type=none".to_owned(),
    ];
    start(&programs.kube_apiserver, &arguments, folder)
}

/// kube-apiserver does not take port 0, and between our looking for a free port and its binding of
/// it somebody else may take it: then it ends, and another port is tried.
pub(super) async fn api_server_on_a_free_port(
    programs: &Programs,
    files: &Files,
    folder: &Path,
) -> Result<(u16, Process)> {
    loop {
        let port = free_port()?;
        let server = api_server(programs, files, port, folder)?;
        while server.exit_status().is_none() {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return Ok((port, server));
            }
            sleep(POLL).await;
        }
        let log = server.log_tail(30);
        if !log.contains("address already in use") {
            bail!("kube-apiserver ended before it listened:\n{log}");
        }
    }
}

/// A port that nobody listens on, and that the kernel gives to no outgoing connection: such a one could take it before
/// the program that is started, or while that is started again.
pub(crate) fn free_port() -> Result<u16> {
    /// Below what Linux, macOS and Windows give to connections.
    const PORTS: Range<u16> = 10_000..32_000;
    static NEXT: OnceLock<AtomicU16> = OnceLock::new();
    // Test programs that run side by side begin at different places.
    let next = NEXT.get_or_init(|| AtomicU16::new(uuid::Uuid::new_v4().as_fields().1));
    for _ in PORTS {
        let port = PORTS.start + next.fetch_add(1, Ordering::Relaxed) % (PORTS.end - PORTS.start);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port of {PORTS:?} is free")
}

pub(super) fn controller_manager(programs: &Programs, kubeconfig: &Path, folder: &Path) -> Result<Process> {
    let arguments = [
        format!("--kubeconfig={}", kubeconfig.display()),
        // Each controller with its own service account and rights, as in a cluster.
        "--use-service-account-credentials=true".to_owned(),
        // What the operator's life depends on: namespaces that are really deleted, owners' dependents
        // that are collected, a ServiceAccount `default`, and aggregated ClusterRoles.
        "--controllers=namespace-controller,garbage-collector-controller,serviceaccount-controller,\
         clusterrole-aggregation-controller"
            .to_owned(),
        "--leader-elect=false".to_owned(),
        "--secure-port=0".to_owned(),
    ];
    start(&programs.kube_controller_manager, &arguments, folder)
}
