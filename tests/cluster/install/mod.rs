//! The chart's life on a cluster of its own: installed, upgraded, uninstalled and installed again.

mod console_users;
mod definitions;
mod documented;
mod openshift;
mod policies;
mod readme;
mod rendered;
mod roles;
mod uninstall;

use std::{fs, path::Path, time::Duration};

use kube::core::DynamicObject;
use pingone_aic_harness::{
    ControlPlane, Namespace, Operator, TestNamespace, Values, is_condition, operator_binary, repository,
};
use pingone_aic_simulator::{Network, Realm};
use pingone_aic_support::{
    company::{Company, THREE},
    fixture::WORKER,
};
use serde_json::{Value, json};

const CHART: &str = "charts/pingone-aic-operator";
const PATIENCE: Duration = Duration::from_mins(2);
/// A field of an integration's status that an older definition does not know.
const NEW_FIELD: &str = "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties";

#[tokio::test]
async fn a_release_is_installed_upgraded_uninstalled_and_installed_again() {
    let control_plane = ControlPlane::start().await.unwrap();
    let namespace = Namespace::create(&control_plane, "pingone-aic").await.unwrap();
    let namespace = TestNamespace::from(namespace);
    let network = Network::start().await;
    let values = Values::new(operator_binary().unwrap())
        .vendors(&network.proxy_url(), &network.ca_pem())
        .set(json!({"crds": {"enabled": true}, "rbac": {"userRoles": true}}));
    let mut operator = Operator::install(&namespace, values).await.unwrap();
    let company = Company::named(&network, "mycompany", &THREE);
    let site = company.site("dev");
    site.apply(&namespace, json!({})).await;
    let wait = async |what: &str, is: &dyn Fn(&DynamicObject) -> bool| {
        namespace
            .wait_for("AICIntegration", &site.name, what, PATIENCE, is)
            .await
            .unwrap()
    };
    let is_active = |object: &DynamicObject| {
        is_condition(object, "Active", "True") && is_condition(object, "Ready", "True")
    };
    wait("to be Active", &is_active).await;

    // A chart whose definitions are older: nothing is lost, and nothing done that could not be remembered.
    let older = tempfolder();
    older_chart(&older);
    let release = operator.release().to_owned();
    let helm = async |arguments: &[&str]| {
        let namespaced = [arguments, &["--namespace", namespace.name()]].concat();
        control_plane.helm(&namespaced).await.unwrap()
    };
    helm(&["upgrade", &release, older.to_str().unwrap(), "--reuse-values"]).await;
    let credential = site.connection.add_credential();
    let data = [("credential", credential.jwt.as_str())];
    let secret = format!("pingone-{}", site.name);
    namespace.secret(&secret, &data).await.unwrap();
    wait("to be told that its definition is outdated", &|object| {
        let conditions = object.data["status"]["conditions"].as_array();
        conditions
            .into_iter()
            .flatten()
            .any(|condition| condition["reason"] == "CRDOutdated")
    })
    .await;
    let (status, why) = operator.health("/readyz").await.unwrap();
    assert_eq!(status, 503, "{why}");

    // An upgrade brings the definitions up to date, and the operator goes on by itself.
    let chart = repository().join(CHART);
    helm(&["upgrade", &release, chart.to_str().unwrap(), "--reuse-values"]).await;
    wait("to work with the new credential", &|object| {
        is_active(object) && object.data["status"]["credentialId"] == credential.id.as_str()
    })
    .await;

    // What is uninstalled leaves definitions, objects and tenants as they are, and no finalizer.
    helm(&["uninstall", &release]).await;
    assert!(operator.terminate().await.unwrap().success());
    let object = namespace.get("AICIntegration", &site.name).await.unwrap();
    assert!(is_active(&object));
    assert_eq!(object.metadata.finalizers, None);
    assert!(site.tenant.workers(Realm::Alpha).contains_key(WORKER));
    let left = [
        "get",
        "deployments,roles,rolebindings,serviceaccounts",
        "--output=name",
        "--selector",
    ];
    let mine = format!("app.kubernetes.io/instance={release}");
    let namespaced = [&left[..], &[mine.as_str(), "--namespace", namespace.name()]].concat();
    assert_eq!(control_plane.kubectl(&namespaced).await.unwrap(), "");

    // The kept definitions stand in nobody's way.
    helm(&["install", &release, chart.to_str().unwrap()]).await;
    fs::remove_dir_all(older).unwrap();
}

/// The Deployment that the chart renders with these arguments of helm.
async fn deployment(namespace: &TestNamespace, more: &[&str]) -> Value {
    let chart = repository().join(CHART);
    let template = [
        "template",
        "release",
        chart.to_str().unwrap(),
        "--namespace",
        namespace.name(),
    ];
    let rendered = namespace
        .control_plane()
        .helm(&[&template[..], more].concat())
        .await
        .unwrap();
    let objects: Vec<Value> = serde_saphyr::from_multiple(&rendered).unwrap();
    let is_deployment = |object: &Value| object["kind"] == "Deployment";
    objects.into_iter().find(is_deployment).unwrap()
}

fn tempfolder() -> std::path::PathBuf {
    std::env::temp_dir().join(format!("pingone-aic-install-{}", uuid::Uuid::new_v4()))
}

/// The chart as it may have been before: of an earlier version, with definitions that lack a field.
fn older_chart(to: &Path) {
    copy(&repository().join(CHART), to);
    let file = to.join("Chart.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("version: 0.1.0", "version: 0.0.9")).unwrap();
    let file = to.join("files/crds/aicintegrations.yaml");
    let mut definition: Value = serde_saphyr::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let fields = definition
        .pointer_mut(NEW_FIELD)
        .unwrap()
        .as_object_mut()
        .unwrap();
    fields.remove("credentialId").unwrap();
    fs::write(&file, definition.to_string()).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
