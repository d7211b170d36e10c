//! An operator for somebody who may have only Roles.

use pingone_aic_harness::{ControlPlane, Namespace, Operator, TestNamespace, Values, operator_binary};
use pingone_aic_simulator::Network;
use pingone_aic_support::company::{Company, THREE};
use serde_json::json;

use super::{
    PATIENCE,
    uninstall::{is_cleared, until_up},
};

#[tokio::test]
async fn an_operator_with_roles_only_makes_and_deletes_an_integration_and_is_forbidden_nothing() {
    let control_plane = ControlPlane::start_with_crds().await.unwrap();
    let namespace = TestNamespace::from(Namespace::create(&control_plane, "pingone-aic").await.unwrap());
    let network = Network::start().await;
    let values = Values::new(operator_binary().unwrap())
        .vendors(&network.proxy_url(), &network.ca_pem())
        .set(json!({"rbac": {"clusterRole": false}}));
    let mut operator = Operator::install(&namespace, values).await.unwrap();
    let mine = format!("app.kubernetes.io/instance={}", operator.release());
    let of_the_cluster = "clusterroles,clusterrolebindings,customresourcedefinitions";
    let get = ["get", of_the_cluster, "--output=name", "--selector", &mine];
    assert_eq!(control_plane.kubectl(&get).await.unwrap(), "");

    let company = Company::named(&network, "mycompany", &THREE);
    let site = company.site("dev");
    site.apply(&namespace, json!({"deletionPolicy": "Delete"})).await;
    until_up(&namespace, site, "True").await;
    assert!(!is_cleared(&site.tenant));
    namespace.delete("AICIntegration", &site.name).await.unwrap();
    namespace
        .wait_gone("AICIntegration", &site.name, PATIENCE)
        .await
        .unwrap();
    assert!(is_cleared(&site.tenant));
    assert!(operator.terminate().await.unwrap().success());
    let log = operator.log();
    assert!(!log.to_lowercase().contains("forbidden"), "{log}");
}
