//! What the tests of the operator rely on is really there: RBAC, namespaces that go, watches, outages.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api,
    api::ListParams,
    config::{AuthInfo, Config, KubeConfigOptions, Kubeconfig},
};
use pingone_aic_harness::{ControlPlane, TestNamespace};
use serde_json::json;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

/// A client that has nothing but a token of this `ServiceAccount`.
async fn client_of(namespace: &TestNamespace, account: &str) -> anyhow::Result<kube::Client> {
    let arguments = ["create", "token", account, "--namespace", namespace.name()];
    let token = namespace.control_plane().kubectl(&arguments).await?;
    let mut kubeconfig = Kubeconfig::read_from(namespace.control_plane().kubeconfig())?;
    let token = token.trim().to_owned().into();
    kubeconfig.auth_infos[0].auth_info = Some(AuthInfo {
        token: Some(token),
        ..AuthInfo::default()
    });
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    Ok(config.try_into()?)
}

#[tokio::test]
async fn a_token_has_only_the_rights_that_a_role_gives_it() {
    let namespace = TestNamespace::create("a token has only the rights that a role gives it").await;
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "reader"}});
    namespace.apply(account).await.unwrap();
    let client = client_of(&namespace, "reader").await.unwrap();
    let config_maps: Api<ConfigMap> = Api::namespaced(client, namespace.name());

    let refused = config_maps.list(&ListParams::default()).await.unwrap_err();
    assert!(
        matches!(&refused, kube::Error::Api(status) if status.code == 403),
        "{refused}"
    );

    let role = "
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules:
  - {apiGroups: [''], resources: [configmaps], verbs: [list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: reader}]
";
    namespace.apply(role).await.unwrap();
    // The API server's authorizer learns of the binding by a watch of its own, which nobody can await.
    let listed = tokio::time::timeout(SOON, async {
        while config_maps.list(&ListParams::default()).await.is_err() {
            tokio::task::yield_now().await;
        }
    });
    listed.await.unwrap();
}

#[tokio::test]
async fn a_deleted_namespace_goes_with_everything_in_it() {
    let test = TestNamespace::create("a deleted namespace goes with everything in it").await;
    test.secret("left-behind", &[("key", "value")]).await.unwrap();
    let wait = ["delete", "namespace", test.name(), "--timeout=30s"];
    test.control_plane().kubectl(&wait).await.unwrap();
    let error = test.get("v1/Secret", "left-behind").await.unwrap_err();
    assert!(format!("{error:#}").contains("not found"), "{error:#}");
}

#[tokio::test]
async fn waiting_in_vain_says_for_what_and_what_there_was() {
    let namespace = TestNamespace::create("waiting in vain says for what and what there was").await;
    namespace.secret("pingone", &[("credential", "x")]).await.unwrap();
    let instant = Duration::from_millis(200);
    let waited = namespace.wait_for("v1/Secret", "pingone", "to be typed", instant, |secret| {
        secret.data["type"] == "kubernetes.io/tls"
    });
    let error = format!("{:#}", waited.await.unwrap_err());
    assert!(error.contains("v1/Secret pingone to be typed"), "{error}");
    assert!(error.contains("type: Opaque"), "{error}");
}

#[tokio::test]
async fn waiting_ends_when_the_object_has_become_so() {
    let namespace = TestNamespace::create("waiting ends when the object has become so").await;
    let waited = namespace.wait_for("v1/Secret", "late", "to be there", SOON, |_| true);
    let (found, applied) = tokio::join!(waited, namespace.secret("late", &[("key", "value")]));
    applied.unwrap();
    assert_eq!(found.unwrap().data["data"]["key"], "dmFsdWU=");
    namespace.delete("v1/Secret", "late").await.unwrap();
    namespace.wait_gone("v1/Secret", "late", SOON).await.unwrap();
}

#[tokio::test]
async fn a_namespace_explains_itself() {
    let namespace = TestNamespace::create("a namespace explains itself").await;
    let event = format!(
        "
apiVersion: events.k8s.io/v1
kind: Event
metadata: {{name: dev.1}}
eventTime: 2030-01-01T00:00:00.000000Z
reportingController: pingone-aic.io/operator
reportingInstance: operator-0
action: Check
reason: CredentialRefused
type: Warning
regarding: {{kind: PingOneConnection, name: dev, namespace: {}}}
note: PingOne refuses the credential
",
        namespace.name()
    );
    namespace.apply(event).await.unwrap();
    namespace.explain_with("the journal", || "POST /as/token 401".to_owned());
    let text = namespace.explain();
    for part in [
        "PingOne refuses the credential",
        "the journal\nPOST /as/token 401\n",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}

#[tokio::test]
async fn the_api_server_comes_back_where_it_was_with_what_it_knew() {
    // Its own: the other tests of this binary need theirs.
    let control_plane = ControlPlane::start().await.unwrap();
    let namespace = pingone_aic_harness::Namespace::create(&control_plane, "survivor")
        .await
        .unwrap();
    control_plane.stop_api_server();
    assert!(
        control_plane
            .kubectl(&["get", "namespace", "survivor"])
            .await
            .is_err()
    );
    control_plane.start_api_server().await.unwrap();
    namespace.secret("after", &[]).await.unwrap();
}
