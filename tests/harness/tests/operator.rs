//! The kubelet's part: what the chart renders reaches the program that is started, and nothing else.

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::{
    Api, Client,
    api::ListParams,
    config::{Config, KubeConfigOptions, Kubeconfig},
};
use pingone_aic_harness::{ControlPlane, Namespace, Operator, TestNamespace, Values};
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, process::ExitStatusExt as _},
    path::PathBuf,
    time::Duration,
};

/// A program in the operator's place: a shell script of its own in a folder that the test removes.
fn stand_in(namespace: &TestNamespace, script: &str) -> anyhow::Result<PathBuf> {
    let path = namespace
        .control_plane()
        .kubeconfig()
        .with_file_name(format!("{}.sh", namespace.name()));
    fs::write(&path, format!("#!/bin/sh\n{script}\n"))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

async fn client_of(kubeconfig: &str) -> anyhow::Result<Client> {
    let kubeconfig = Kubeconfig::read_from(kubeconfig)?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    Ok(config.try_into()?)
}

fn is_forbidden<T: std::fmt::Debug>(answer: &kube::Result<T>) -> bool {
    matches!(answer, Err(kube::Error::Api(status)) if status.code == 403)
}

#[tokio::test]
async fn arguments_environment_and_volumes_are_the_rendered_ones() {
    let namespace = TestNamespace::create("arguments, environment and volumes are the rendered ones").await;
    namespace
        .secret("extra", &[("word", "from the secret")])
        .await
        .unwrap();
    let script = r#"
printf '%s\n' "$@"
env
for argument; do case $argument in --ca-bundle=*) cat "${argument#*=}";; esac; done
"#;
    let values = Values::new(stand_in(&namespace, script).unwrap())
        .vendors("http://127.0.0.1:9", "the authority\n")
        .set(json!({
            "allowedTenantHosts": ["*.example.com"],
            "log": {"level": "debug"},
            "extraEnv": [
                {"name": "WORD", "valueFrom": {"secretKeyRef": {"name": "extra", "key": "word"}}},
                {"name": "NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
                {"name": "ABSENT", "valueFrom":
                    {"secretKeyRef": {"name": "extra", "key": "none", "optional": true}}},
            ],
        }));
    let mut operator = Operator::prepare(&namespace, values).await.unwrap();
    operator.launch().await.unwrap();
    assert!(operator.wait().await.unwrap().success());

    let log = operator.log();
    let lines: Vec<&str> = log.lines().collect();
    for line in [
        &format!("--watch-namespace={}", namespace.name()),
        "--allowed-tenant-host=*.example.com",
        "--log-level=debug",
        "--tenant-requests-per-second=10",
        "HTTPS_PROXY=http://127.0.0.1:9",
        "NO_PROXY=127.0.0.1",
        "WORD=from the secret",
        &format!("NAMESPACE={}", namespace.name()),
        "the authority",
    ] {
        assert!(lines.contains(&line), "no line `{line}` in\n{log}");
    }
    for port in ["--metrics-address=127.0.0.1:", "--health-address=127.0.0.1:"] {
        assert!(
            lines.iter().any(|line| line.starts_with(port)),
            "no line `{port}…` in\n{log}"
        );
    }
    // Not the pod's path, not an absent variable, and nothing of this process's own environment.
    for unwanted in ["/etc/pingone-aic-operator", "ABSENT=", "CARGO_"] {
        assert!(!log.contains(unwanted), "`{unwanted}` in\n{log}");
    }
}

#[tokio::test]
async fn the_operator_has_the_rights_of_the_chart_and_no_other() {
    let namespace = TestNamespace::create("the operator has the rights of the chart and no other").await;
    let elsewhere = TestNamespace::create("another namespace").await;
    let values = Values::new(stand_in(&namespace, "echo $KUBECONFIG").unwrap());
    let mut operator = Operator::prepare(&namespace, values).await.unwrap();
    operator.launch().await.unwrap();
    operator.wait().await.unwrap();
    let client = client_of(operator.log().trim()).await.unwrap();

    let every = ListParams::default();
    let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace.name());
    secrets.list(&every).await.unwrap();
    assert!(is_forbidden(
        &secrets.delete("extra", &kube::api::DeleteParams::default()).await
    ));
    let config_maps: Api<ConfigMap> = Api::namespaced(client.clone(), namespace.name());
    assert!(is_forbidden(&config_maps.list(&every).await));
    let secrets: Api<Secret> = Api::namespaced(client.clone(), elsewhere.name());
    assert!(is_forbidden(&secrets.list(&every).await));
    let secrets: Api<Secret> = Api::all(client);
    assert!(is_forbidden(&secrets.list(&every).await));
}

#[tokio::test]
async fn a_namespace_with_restricted_pod_security_takes_the_pod() {
    let namespace = TestNamespace::create("a namespace with restricted pod security takes the pod").await;
    let name = namespace.name();
    let restrict = [
        "label",
        "namespace",
        name,
        "pod-security.kubernetes.io/enforce=restricted",
    ];
    namespace.control_plane().kubectl(&restrict).await.unwrap();
    let values = Values::new("unused").vendors("http://127.0.0.1:9", "");
    let operator = Operator::prepare(&namespace, values).await.unwrap();
    let deployment = format!("{}-pingone-aic-operator", operator.release());
    let deployment = namespace.get("apps/v1/Deployment", &deployment).await.unwrap();
    let mut pod: Value = deployment.data["spec"]["template"].clone();
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pod["metadata"]["name"] = "operator".into();
    namespace.apply(&pod).await.unwrap();

    pod["metadata"]["name"] = "as-root".into();
    pod["spec"]["securityContext"]["runAsNonRoot"] = false.into();
    let error = namespace.apply(&pod).await.unwrap_err();
    assert!(format!("{error:#}").contains("runAsNonRoot"), "{error:#}");
}

#[tokio::test]
async fn the_chart_brings_the_crds_itself() {
    let control_plane = ControlPlane::start().await.unwrap();
    let namespace = Namespace::create(&control_plane, "operator").await.unwrap();
    let values = Values::new("unused").set(json!({"crds": {"enabled": true}}));
    Operator::prepare(&namespace, values).await.unwrap();
    let established = [
        "wait",
        "--for=condition=Established",
        "--timeout=30s",
        "customresourcedefinitions",
        "--all",
    ];
    let established = control_plane.kubectl(&established).await.unwrap();
    assert_eq!(established.lines().count(), 3, "{established}");
}

#[tokio::test]
async fn an_operator_that_ends_at_once_is_not_waited_for() {
    let namespace = TestNamespace::create("an operator that ends at once is not waited for").await;
    let script = "echo 'error: --log-level: no such level'; exit 2";
    let values = Values::new(stand_in(&namespace, script).unwrap());
    let error = Operator::install(&namespace, values)
        .await
        .err()
        .map(|error| format!("{error:#}"));
    let error = error.unwrap();
    assert!(
        error.contains("exit status: 2") && error.contains("no such level"),
        "{error}"
    );
}

#[tokio::test]
async fn an_operator_is_killed_or_asked_to_go_and_starts_again() {
    let namespace = TestNamespace::create("an operator is killed or asked to go and starts again").await;
    let script = "trap 'echo goodbye; exit 0' TERM; echo hello; while :; do sleep 600 & wait $!; done";
    let values = Values::new(stand_in(&namespace, script).unwrap());
    let mut operator = Operator::prepare(&namespace, values).await.unwrap();

    operator.launch().await.unwrap();
    until(|| operator.log().contains("hello")).await;
    operator.kill();
    operator.launch().await.unwrap();
    assert!(operator.launch().await.is_err(), "two at once");
    until(|| operator.log().matches("hello").count() == 2).await;
    let status = operator.terminate().await.unwrap();
    assert_eq!((status.code(), status.signal()), (Some(0), None));
    assert!(operator.log().ends_with("goodbye\n"), "{}", operator.log());
}

/// A file cannot be awaited.
async fn until(condition: impl Fn() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    });
    assert!(waited.await.is_ok(), "waited half a minute in vain");
}
