//! The pod under a policy as `restricted-v2`, the default of `OpenShift`: each namespace has a range of users.

use std::{fs, time::Instant};

use pingone_aic_harness::{TestNamespace, repository};
use serde_json::{Value, json};

use super::{PATIENCE, deployment, tempfolder};

const RANGE: &str = "openshift.io/sa.scc.uid-range";

/// What `restricted-v2` demands of the pods of a namespace, but for what it fills in by itself.
fn policy(namespace: &str) -> [Value; 2] {
    let containers = "object.spec.containers";
    let no_user = "!has(object.spec.securityContext.runAsUser)";
    let first = format!("int(namespaceObject.metadata.annotations['{RANGE}'].split('/')[0])");
    let size = format!("int(namespaceObject.metadata.annotations['{RANGE}'].split('/')[1])");
    let user = "object.spec.securityContext.runAsUser";
    let rule = |message: &str, expression: String| json!({"message": message, "expression": expression});
    let version = "admissionregistration.k8s.io/v1";
    let policy = json!({
        "apiVersion": version, "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "restricted-v2"},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [{
                "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"],
            }]},
            "validations": [
                rule("the user is not in the namespace's range", format!("{no_user} || ({user} >= {first} && {user} < {first} + {size})")),
                rule("privileges may grow", format!("{containers}.all(it, !it.securityContext.allowPrivilegeEscalation)")),
                rule("capabilities are kept", format!("{containers}.all(it, has(it.securityContext.capabilities.drop) && it.securityContext.capabilities.drop == ['ALL'] && !has(it.securityContext.capabilities.add))")),
                rule("the seccomp profile is another one", "object.spec.securityContext.seccompProfile.type == 'RuntimeDefault'".to_owned()),
                rule("the host is not shared", "!has(object.spec.hostNetwork) && !has(object.spec.hostPID) && !has(object.spec.hostIPC)".to_owned()),
                rule("a volume is of another kind", "!has(object.spec.volumes) || object.spec.volumes.all(it, !has(it.hostPath))".to_owned()),
            ],
        },
    });
    let selector = json!({"matchLabels": {"kubernetes.io/metadata.name": namespace}});
    let binding = json!({
        "apiVersion": version, "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "restricted-v2"},
        "spec": {
            "policyName": "restricted-v2", "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": selector},
        },
    });
    [policy, binding]
}

/// What the API server says of the pod that the chart's Deployment makes.
async fn judged(namespace: &TestNamespace, values: &[&str]) -> Result<(), String> {
    let deployment = deployment(namespace, values).await;
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "operator"}});
    pod["spec"] = deployment["spec"]["template"]["spec"].clone();
    // The chart's own is not there, and is not what is looked at.
    pod["spec"]["serviceAccountName"] = json!("default");
    let file = tempfolder();
    fs::write(&file, pod.to_string()).unwrap();
    let create = [
        "create",
        "--dry-run=server",
        "--namespace",
        namespace.name(),
        "--filename",
    ];
    let created = namespace
        .control_plane()
        .kubectl(&[&create[..], &[file.to_str().unwrap()]].concat())
        .await;
    fs::remove_file(file).unwrap();
    created.map(drop).map_err(|error| format!("{error:#}"))
}

#[tokio::test]
async fn its_values_pass_where_the_default_is_refused() {
    let namespace = TestNamespace::create("a project of openshift").await;
    let (name, control_plane) = (namespace.name(), namespace.control_plane());
    let range = format!("{RANGE}=1000680000/10000");
    control_plane
        .kubectl(&["annotate", "namespace", name, &range])
        .await
        .unwrap();
    let file = repository().join("deploy/openshift/values.yaml");
    let openshift = ["--values", file.to_str().unwrap()];
    // Without OpenShift's policy the default passes, also where Kubernetes's own is the strictest.
    let enforced = "pod-security.kubernetes.io/enforce";
    let strictest = format!("{enforced}=restricted");
    control_plane
        .kubectl(&["label", "namespace", name, &strictest])
        .await
        .unwrap();
    assert_eq!(judged(&namespace, &[]).await, Ok(()));
    let none = format!("{enforced}-");
    control_plane
        .kubectl(&["label", "namespace", name, &none])
        .await
        .unwrap();

    let policy = policy(name);
    let manifests = tempfolder();
    fs::write(
        &manifests,
        policy.map(|object| format!("---\n{object}\n")).concat(),
    )
    .unwrap();
    control_plane
        .kubectl(&["apply", "--filename", manifests.to_str().unwrap()])
        .await
        .unwrap();
    fs::remove_file(manifests).unwrap();
    // The API server hears of a policy a moment later.
    let deadline = Instant::now() + PATIENCE;
    let refusal = loop {
        match judged(&namespace, &[]).await {
            Err(refusal) => break refusal,
            Ok(()) => assert!(Instant::now() < deadline, "the policy is not enforced"),
        }
    };
    assert!(
        refusal.contains("the user is not in the namespace's range"),
        "{refusal}"
    );
    assert_eq!(judged(&namespace, &openshift).await, Ok(()));
    // Each other demand is one, too.
    for (value, refused) in [
        (
            "containerSecurityContext.allowPrivilegeEscalation=true",
            "privileges may grow",
        ),
        (
            "containerSecurityContext.capabilities.drop=null",
            "capabilities are kept",
        ),
        (
            "podSecurityContext.seccompProfile.type=Unconfined",
            "the seccomp profile is another one",
        ),
    ] {
        let refusal = judged(&namespace, &[&openshift[..], &["--set", value]].concat()).await;
        assert!(
            refusal.as_ref().is_err_and(|it| it.contains(refused)),
            "{value}: {refusal:?}"
        );
    }
}
