//! The sample policies, with people who may and people who may not.

use std::{fs, time::Instant};

use pingone_aic_harness::{TestNamespace, repository};
use serde_json::{Value, json};

use super::{PATIENCE, deployment, tempfolder};

/// A namespace where the policies count, and in which two groups may write everything.
async fn governed(label: &str) -> TestNamespace {
    let namespace = TestNamespace::create("a namespace under policies").await;
    let (name, control_plane) = (namespace.name(), namespace.control_plane());
    let kubectl = async |arguments: &[&str]| control_plane.kubectl(arguments).await.unwrap();
    kubectl(&[
        "create",
        "serviceaccount",
        "pingone-aic-operator",
        "--namespace",
        name,
    ])
    .await;
    let former = integration(FORMER, "Production", &json!({"adopt": true}));
    namespace.apply(former).await.unwrap();
    namespace
        .apply(pod(FORMER, BY_TAG_IMAGE, BY_TAG_IMAGE))
        .await
        .unwrap();
    let label = format!("pingone-aic.io/governed={label}");
    kubectl(&["label", "namespace", name, &label]).await;
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
    applied_as(namespace, "jane", group, object).await
}

async fn applied_as(
    namespace: &TestNamespace,
    user: &str,
    group: &str,
    object: &Value,
) -> Result<(), String> {
    let file = tempfolder();
    fs::write(&file, object.to_string()).unwrap();
    let (user, group) = (format!("--as={user}"), format!("--as-group={group}"));
    let apply = [
        "apply",
        &user,
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

fn run(up_to: &str, more: &Value) -> Value {
    let order = ["dev", "staging", "prod"].map(|name| json!({"name": name, "integrations": [name]}));
    object(
        "Promotion",
        "release",
        &json!({"order": order, "upTo": up_to}),
        more,
    )
}

fn integration(name: &str, environment: &str, more: &Value) -> Value {
    let part = if name == "dev" { "-dev" } else { "" };
    let spec = json!({
        "connectionRef": {"name": "one"}, "name": "Worker", "realm": "alpha",
        "tenant": {
            "url": format!("https://openam-mycompany-ew2{part}.id.forgerock.io"), "environment": environment,
            "serviceAccountSecretRef": {"name": "aic"},
        },
    });
    object("AICIntegration", name, &spec, more)
}

fn object(kind: &str, name: &str, spec: &Value, more: &Value) -> Value {
    let mut spec = spec.as_object().unwrap().clone();
    spec.extend(more.as_object().unwrap().clone());
    json!({
        "apiVersion": "pingone-aic.io/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec,
    })
}

/// A pod with the operator's rights that runs these images.
fn pod(name: &str, image: &str, first: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {
            "serviceAccountName": "pingone-aic-operator", "automountServiceAccountToken": false,
            "initContainers": [{"name": "first", "image": first}],
            "containers": [{"name": "operator", "image": image}],
        },
    })
}

const PAST: &str = "only the group release-managers goes further there";
const OVERRIDES: &str = "spec.order reaches past staging";
const ADOPTS: &str = "spec.adopt: true is not allowed in production";
const BY_TAG: &str = "set image.digest";
const BY_TAG_IMAGE: &str = "registry.example.com/operator:1";
/// Of a pod and of an integration that was adopted before there was a policy.
const FORMER: &str = "former";

#[tokio::test]
async fn the_sample_policies_let_in_whom_they_should() {
    let namespace = governed("true").await;
    // The API server hears of a policy a moment later.
    let deadline = Instant::now() + PATIENCE;
    let account = ["--set", "serviceAccount.name=pingone-aic-operator"];
    let digest = format!("image.digest=sha256:{}", "0".repeat(64));
    let by_tag = deployment(&namespace, &account).await;
    let by_digest = deployment(&namespace, &[&account[..], &["--set", &digest]].concat()).await;
    let image = by_digest["spec"]["template"]["spec"]["containers"][0]["image"]
        .as_str()
        .unwrap();
    let mut from_image_volume = pod("volume", image, image);
    from_image_volume["spec"]["volumes"] =
        json!([{"name": "more", "image": {"reference": "registry.example.com/other:1"}}]);
    let mut renamed = by_tag.clone();
    renamed["metadata"]["labels"] = json!({});
    for (object, says) in [
        (run("prod", &json!({})), PAST),
        (integration("prod", "Production", &json!({"adopt": true})), ADOPTS),
        // Its author calls it otherwise.
        (integration("prod", "Staging", &json!({"adopt": true})), ADOPTS),
        (by_tag, BY_TAG),
        (renamed, BY_TAG),
        (pod("by-tag", BY_TAG_IMAGE, image), BY_TAG),
        (pod("beside", image, "registry.example.com/other:1"), BY_TAG),
        (
            pod("no-digest", image, "registry.example.com/other:1@sha256:1"),
            BY_TAG,
        ),
        (from_image_volume, BY_TAG),
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
    let mut labelled = run("prod", &json!({}));
    labelled["metadata"]["labels"] = json!({"a": "b"});
    let annotated = |up_to, more: &Value| {
        let mut run = run(up_to, more);
        run["metadata"]["annotations"] = json!({"pingone-aic.io/ignore-report": "r"});
        run
    };
    let mut labelled_pod = pod(FORMER, BY_TAG_IMAGE, BY_TAG_IMAGE);
    labelled_pod["metadata"]["labels"] = json!({"a": "b"});
    let overridden = annotated("prod", &json!({"suspend": true}));
    let approved = json!({"approved": {"prod": {"hash": "0123456789abcdef0123456789abcdef"}}});
    let mut renamed = run("staging", &json!({}));
    renamed["spec"]["order"][1]["integrations"] = json!(["prod-alpha"]);
    let steps = [
        // Neither before the gate is raised nor under another name.
        ("developers", annotated("staging", &json!({})), Err(OVERRIDES)),
        (
            "developers",
            run("staging", &json!({"ignoreEncryptedSecrets": true})),
            Err(OVERRIDES),
        ),
        ("developers", renamed, Err(PAST)),
        ("developers", run("staging", &json!({})), Ok(())),
        ("release-managers", run("prod", &json!({})), Ok(())),
        // Nothing of what was decided changes.
        ("developers", labelled, Ok(())),
        // Everybody may stop a run, and not everybody lets it go on.
        ("developers", run("prod", &json!({"suspend": true})), Ok(())),
        ("developers", run("prod", &json!({})), Err(PAST)),
        ("developers", overridden.clone(), Err(OVERRIDES)),
        ("developers", annotated("staging", &json!({})), Err(OVERRIDES)),
        (
            "developers",
            run("prod", &json!({"suspend": true, "onContentChange": "Proceed"})),
            Err(OVERRIDES),
        ),
        ("release-managers", overridden, Ok(())),
        ("developers", run("staging", &json!({})), Ok(())),
        ("developers", run("prod", &json!({})), Err(PAST)),
        // Nor does anybody else accept content for production before the gate is raised.
        ("developers", run("staging", &approved), Err(PAST)),
        ("release-managers", run("staging", &approved), Ok(())),
        ("release-managers", run("prod", &json!({})), Ok(())),
        ("developers", run("prod", &json!({"abort": true})), Ok(())),
        (
            "developers",
            integration("prod", "Production", &json!({})),
            Ok(()),
        ),
        (
            "developers",
            integration("dev", "Development", &json!({"adopt": true})),
            Ok(()),
        ),
        (
            "developers",
            integration(FORMER, "Production", &json!({"adopt": true, "interval": "1h"})),
            Ok(()),
        ),
        ("developers", labelled_pod, Ok(())),
        ("developers", pod("by-digest", image, image), Ok(())),
        ("developers", by_digest, Ok(())),
    ];
    for (group, object, expected) in &steps {
        let found = applied(&namespace, group, object).await;
        let is_expected = match (&found, expected) {
            (Err(refusal), Err(says)) => refusal.contains(says),
            (found, expected) => found.is_ok() && expected.is_ok(),
        };
        assert!(is_expected, "{group}: {object}: {found:?}");
    }
}

/// With GitOps it is a controller that writes, and the review of the repository decides.
#[tokio::test]
async fn a_controller_promotes_where_the_policy_names_it() {
    let namespace = governed("by-review").await;
    let file = repository().join("deploy/policies/release-managers.yaml");
    let policy = fs::read_to_string(file).unwrap();
    assert!(policy.contains(r#"expression: "[]""#));
    let named = tempfolder();
    // A name of its own, because the policy is the whole cluster's.
    let policy = policy
        .replace(r#"expression: "[]""#, r#"expression: '["jane"]'"#)
        .replace("pingone-aic-release-managers", "pingone-aic-deployers")
        .replace(
            r#"pingone-aic.io/governed: "true""#,
            r#"pingone-aic.io/governed: "by-review""#,
        );
    fs::write(&named, policy).unwrap();
    let apply = ["apply", "--filename", named.to_str().unwrap()];
    namespace.control_plane().kubectl(&apply).await.unwrap();
    fs::remove_file(named).unwrap();
    let deadline = Instant::now() + PATIENCE;
    // Somebody else may not, which shows that the policy is known.
    while applied_as(&namespace, "joe", "developers", &run("prod", &json!({})))
        .await
        .is_ok()
    {
        assert!(Instant::now() < deadline, "the policy is not known");
        namespace.delete("Promotion", "release").await.unwrap();
    }
    assert_eq!(
        applied(&namespace, "developers", &run("prod", &json!({}))).await,
        Ok(())
    );
}
