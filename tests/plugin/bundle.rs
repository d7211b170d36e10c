//! `kubectl pingone support-bundle`: complete, listed before it is written, and without anything secret.

use std::{collections::BTreeMap, fs, net::SocketAddr, path::Path, sync::Arc};

use aho_corasick::AhoCorasick;
use pingone_aic_harness::TestNamespace;
use pingone_aic_support::Env;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, UdpSocket},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
};

use crate::person::Person;

const RIGHTS: [(&str, &str); 4] = [
    (
        "list",
        "pingoneconnections,aicintegrations,promotions,events.k8s.io/events,/pods,apps/deployments",
    ),
    ("get", "/pods/log,/pods/proxy"),
    ("get", "coordination.k8s.io/leases"),
    ("get", "apps/deployments"),
];

#[tokio::test]
async fn a_bundle_is_complete_and_holds_nothing_secret() {
    let mut env = Env::start("a plugin collects a bundle").await;
    let fixture = env.fixture();
    let credential = env.active(&fixture).await;
    // What others write is not known to be harmless.
    let annotations = json!({"metadata": {"annotations": {"example.com/note": credential.jwt}}});
    env.namespace
        .patch("AICIntegration", &fixture.name, &annotations)
        .await
        .unwrap();
    env.namespace
        .apply(event(&env.namespace, &fixture.name, &credential.jwt))
        .await
        .unwrap();
    let log = format!(
        "{}\nsomebody else wrote {} here\n",
        env.operator.log(),
        credential.jwt
    );
    let node = Node::start(&env.namespace, log, env.operator.metrics().await.unwrap()).await;
    let person = Person::who_may(&env.network, &env.namespace, "helper", &RIGHTS).await;

    let folder = std::env::temp_dir().join(format!("pingone-aic-bundle-{}", uuid::Uuid::new_v4()));
    let listed = person.does(&["support-bundle"]).await;
    assert!(
        listed.contains("Nothing was written") && !folder.exists(),
        "{listed}"
    );
    let written = person
        .does(&["support-bundle", "--output", folder.to_str().unwrap()])
        .await;
    let files = files(&folder);
    let pod = format!("operator/{}/operator-0", env.namespace.name());
    for (path, words) in [
        ("check.txt", "operator"),
        ("events.yaml", "somebody wrote"),
        ("objects/aicintegrations.yaml", "TestPassed"),
        ("objects/pingoneconnections.yaml", "CredentialAccepted"),
        ("objects/promotions.yaml", "[]"),
        (&format!("{pod}.log"), "operator starts"),
        (&format!("{pod}.metrics"), "pingone_aic_"),
        ("CONTENT.txt", "operator-0.log"),
    ] {
        let text = files
            .get(path)
            .unwrap_or_else(|| panic!("no {path} in {:?}", files.keys()));
        assert!(text.contains(words), "{path}: {text}");
        assert!(
            path == "CONTENT.txt" || written.contains(path),
            "{path} is listed: {written}"
        );
    }
    assert!(
        files.contains_key(&format!("{pod}.previous.log")),
        "{:?}",
        files.keys()
    );
    assert_eq!(files.len(), 10, "{:?}", files.keys());
    let markers = AhoCorasick::new(env.network.secret_markers()).unwrap();
    for (path, text) in &files {
        assert!(markers.find(text).is_none(), "{path} tells a secret");
    }
    let redacted = files[&format!("{pod}.log")]
        .lines()
        .any(|line| line == "somebody else wrote [redacted] here");
    assert!(redacted, "the rest of a line stays");
    let again = person
        .runs(&["support-bundle", "--output", folder.to_str().unwrap()])
        .await;
    assert_eq!(again.code, 2, "{again:?}");
    fs::remove_dir_all(&folder).unwrap();

    let nobody = Person::who_may(&env.network, &env.namespace, "nobody", &[]).await;
    let refused = nobody.runs(&["support-bundle"]).await;
    let count = refused.text.matches("Ask a cluster admin").count();
    assert_eq!((refused.code, count), (3, 5), "{refused:?}");
    node.remove(&env.namespace).await;
}

fn event(namespace: &TestNamespace, integration: &str, secret: &str) -> Value {
    json!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "told"},
        "eventTime": "2026-11-01T00:00:00.000000Z", "reportingController": "c", "reportingInstance": "i",
        "action": "Told", "reason": "Told", "type": "Normal", "note": format!("somebody wrote {}", &secret[..900]),
        "regarding": {
            "apiVersion": "pingone-aic.io/v1alpha1", "kind": "AICIntegration", "name": integration,
            "namespace": namespace.name(),
        },
    })
}

fn files(folder: &Path) -> BTreeMap<String, String> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    files
}

/// A node with the operator's pod: a kubelet that has its log, and a pod that answers with its metrics.
struct Node(String);

impl Node {
    async fn start(namespace: &TestNamespace, log: String, metrics: String) -> Self {
        let kubelet = TcpListener::bind("127.0.0.1:0").await.unwrap();
        // The API server reaches no pod on the loopback interface.
        let pod = TcpListener::bind((own_address().await.ip(), 0)).await.unwrap();
        let (kubelet_at, pod_at) = (kubelet.local_addr().unwrap(), pod.local_addr().unwrap());
        tokio::spawn(serve(pod, None, metrics));
        tokio::spawn(serve(kubelet, Some(tls()), log));
        let name = format!("node-of-{}", namespace.name());
        let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}});
        let control_plane = namespace.control_plane();
        let file = std::env::temp_dir().join(format!("pingone-aic-{}.json", uuid::Uuid::new_v4()));
        fs::write(&file, node.to_string()).unwrap();
        control_plane
            .kubectl(&["apply", "--filename", file.to_str().unwrap()])
            .await
            .unwrap();
        fs::remove_file(&file).unwrap();
        let status = json!({"status": {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet_at.port()}},
        }});
        let patch = [
            "patch",
            "node",
            &name,
            "--subresource=status",
            "--type=merge",
            "--patch",
            &status.to_string(),
        ];
        control_plane.kubectl(&patch).await.unwrap();
        let operator = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "operator-0", "labels": {"app.kubernetes.io/name": "pingone-aic-operator"}},
            "spec": {"nodeName": name, "containers": [{
                "name": "operator", "image": "operator",
                "ports": [{"name": "metrics", "containerPort": pod_at.port()}],
            }]},
        });
        namespace.apply(operator).await.unwrap();
        let ip = pod_at.ip().to_string();
        let container = json!({
            "name": "operator", "image": "operator", "imageID": "", "ready": true, "restartCount": 1,
            "state": {"running": {}},
        });
        let status = json!({"status": {
            "phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "containerStatuses": [container],
        }});
        namespace
            .patch_status("v1/Pod", "operator-0", &status)
            .await
            .unwrap();
        Self(name)
    }

    async fn remove(self, namespace: &TestNamespace) {
        let pod = [
            "delete",
            "pod",
            "operator-0",
            "--force",
            "--namespace",
            namespace.name(),
        ];
        for delete in [&pod[..], &["delete", "node", &self.0]] {
            namespace.control_plane().kubectl(delete).await.unwrap();
        }
    }
}

/// This machine's address on the way out. Nothing is sent.
async fn own_address() -> SocketAddr {
    let socket = UdpSocket::bind("0.0.0.0:0").await.unwrap();
    socket.connect("198.51.100.1:9").await.unwrap();
    socket.local_addr().unwrap()
}

fn tls() -> TlsAcceptor {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key);
    TlsAcceptor::from(Arc::new(config.unwrap()))
}

/// Answers every request with this text.
async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, text: String) {
    let answer = Arc::new(format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    ));
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, answer) = (tls.clone(), Arc::clone(&answer));
        tokio::spawn(async move {
            match tls {
                Some(tls) => reply(tls.accept(stream).await.unwrap(), &answer).await,
                None => reply(stream, &answer).await,
            }
        });
    }
}

async fn reply(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &str) {
    let mut head = [0; 8192];
    let _ = stream.read(&mut head).await;
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}
