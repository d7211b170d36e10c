//! The sample policies, with people who may and people who may not.

use std::{fs, time::Instant};

use pingone_aic_harness::{TestNamespace, repository};
use serde_json::{Value, json};

use super::{PATIENCE, deployment, tempfolder};

/// A namespace where the policies count, and in which two groups may write everything.
async fn governed() -> TestNamespace {
    let namespace = TestNamespace::create("a namespace under policies").await;
    let (name, control_plane) = (namespace.name(), namespace.control_plane());
    let kubectl = async |arguments: &[&str]| control_plane.kubectl(arguments).await.unwrap();
    kubectl(&["label", "namespace", name, "pingone-aic.io/governed=true"]).await;
    let folder = repository().join("deploy/policies");
    kubectl(&["apply", "--filename", folder.to_str().unwrap()]).await;
    let role = [
        "create",
        "rolebinding",
        "writers",
        "--namespace",
        name,
        "--clusterrole=cluster-admin",
    ];
    kubectl(&[&role[..], &["--group=developers", "--group=release-managers"]].concat()).await;
    namespace
}

/// What becomes of an object that somebody of this group applies.
async fn applied(namespace: &TestNamespace, group: &str, object: &Value) -> Result<(), String> {
    let file = tempfolder();
    fs::write(&file, object.to_string()).unwrap();
    let group = format!("--as-group={group}");
    let apply = [
        "apply",
        "--as=jane",
        &group,
        "--namespace",
        namespace.name(),
        "--filename",
    ];
    let apply = [&apply[..], &[file.to_str().unwrap()]].concat();
    let answer = namespace.control_plane().kubectl(&apply).await;
    fs::remove_file(file).unwrap();
    answer.map(drop).map_err(|error| format!("{error:#}"))
}

fn run(up_to: &str) -> Value {
    let order = ["dev", "staging", "prod"].map(|name| json!({"name": name, "integrations": [name]}));
    json!({
        "apiVersion": "pingone-aic.io/v1alpha1", "kind": "Promotion", "metadata": {"name": "release"},
        "spec": {"order": order, "upTo": up_to},
    })
}

fn integration(environment: &str, adopt: bool) -> Value {
    json!({
        "apiVersion": "pingone-aic.io/v1alpha1", "kind": "AICIntegration",
        "metadata": {"name": environment.to_lowercase()},
        "spec": {
            "connectionRef": {"name": "one"}, "name": "Worker", "realm": "alpha", "adopt": adopt,
            "tenant": {
                "url": "https://openam-mycompany-ew2.id.forgerock.io", "environment": environment,
                "serviceAccountSecretRef": {"name": "aic"},
            },
        },
    })
}

#[tokio::test]
async fn the_sample_policies_let_in_whom_they_should() {
    let namespace = governed().await;
    // The API server hears of a policy a moment later.
    let deadline = Instant::now() + PATIENCE;
    let by_tag = deployment(&namespace, &[]).await;
    for (object, says) in [
        (run("prod"), "only the group release-managers promotes there"),
        (
            integration("Production", true),
            "spec.adopt: true is not allowed in production",
        ),
        (by_tag, "set image.digest"),
    ] {
        let (kind, name) = (&object["kind"], &object["metadata"]["name"]);
        let (kind, name) = (kind.as_str().unwrap(), name.as_str().unwrap());
        let refusal = loop {
            if let Err(refusal) = applied(&namespace, "developers", &object).await {
                break refusal;
            }
            assert!(Instant::now() < deadline, "it is let in: {object}");
            let delete = ["delete", kind, name, "--namespace", namespace.name()];
            namespace.control_plane().kubectl(&delete).await.unwrap();
        };
        assert!(refusal.contains(says), "{refusal}");
    }
    let digest = format!("image.digest=sha256:{}", "0".repeat(64));
    let by_digest = deployment(&namespace, &["--set", &digest]).await;
    for (group, object) in [
        ("developers", run("staging")),
        ("release-managers", run("prod")),
        // Who changes nothing of what was decided.
        ("developers", {
            let mut same = run("prod");
            same["metadata"]["labels"] = json!({"a": "b"});
            same
        }),
        ("developers", integration("Production", false)),
        ("developers", integration("Development", true)),
        ("developers", by_digest),
    ] {
        assert_eq!(
            applied(&namespace, group, &object).await,
            Ok(()),
            "{group}: {object}"
        );
    }
    // A release manager's run is lowered by anybody, and raised again by a release manager only.
    assert_eq!(applied(&namespace, "developers", &run("staging")).await, Ok(()));
    let refused = applied(&namespace, "developers", &run("prod")).await;
    assert!(refused.is_err_and(|refusal| refusal.contains("names a stage past staging")));
    // Nor does anybody else accept content for production before it is raised.
    let mut accepted = run("staging");
    accepted["spec"]["approved"] = json!({"prod": {"hash": "0123456789abcdef0123456789abcdef"}});
    let refused = applied(&namespace, "developers", &accepted).await;
    assert!(
        refused
            .as_ref()
            .is_err_and(|refusal| refusal.contains("names a stage past staging")),
        "{refused:?}"
    );
    assert_eq!(applied(&namespace, "release-managers", &accepted).await, Ok(()));
}
