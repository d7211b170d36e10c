//! The plugin beside kubectl: how soon each says what it finds, and how large each is.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use pingone_aic_harness::{ControlPlane, Programs, TestNamespace};
use serde_json::json;

use crate::{measure::middle, report::Report};

const CONNECTIONS: usize = 10;
const LOOKS: usize = 21;
/// Of kubectl's own, at most.
const MOST: f64 = 1.0;

pub async fn measure(report: &mut Report) {
    let control_plane = ControlPlane::start_with_crds().await.unwrap();
    let namespace = TestNamespace::create_in(&control_plane, "speed").await;
    for number in 0..CONNECTIONS {
        let connection = json!({
            "apiVersion": "pingone-aic.io/v1alpha1", "kind": "PingOneConnection",
            "metadata": {"name": format!("c{number}")},
            "spec": {"credentialSecretRef": {"name": "jwt"}, "environment": {"name": "env"}},
        });
        namespace.apply(connection).await.unwrap();
    }
    let plugin = Path::new(env!("CARGO_BIN_EXE_kubectl-pingone"));
    let kubectl = tokio::task::spawn_blocking(Programs::locate)
        .await
        .unwrap()
        .unwrap()
        .kubectl;
    let all = "pingoneconnections,aicintegrations,promotions";
    let run = |program: &Path, arguments: &[&str]| {
        let started = Instant::now();
        let status = Command::new(program)
            .args(arguments)
            .args(["--namespace", namespace.name(), "--output", "json"])
            .env("KUBECONFIG", control_plane.kubeconfig())
            .stdout(Stdio::null())
            .status();
        assert!(status.unwrap().success(), "{arguments:?}");
        started.elapsed()
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..LOOKS {
        ours.push(run(plugin, &["status"]));
        theirs.push(run(&kubectl, &["get", all]));
    }
    let milliseconds = |times| middle(times, Duration::as_secs_f64).as_secs_f64() * 1000.0;
    let what = "plugin: status of the three kinds, beside kubectl get";
    report.ratio(what, "ms", (milliseconds(ours), milliseconds(theirs)), Some(MOST));
    let what = "plugin: the program's size, beside kubectl's";
    report.ratio(what, "MiB", (mebibytes(plugin), mebibytes(&kubectl)), Some(MOST));
}

#[expect(clippy::cast_precision_loss, reason = "some megabytes")]
fn mebibytes(program: &Path) -> f64 {
    std::fs::metadata(program).unwrap().len() as f64 / 1024.0 / 1024.0
}
