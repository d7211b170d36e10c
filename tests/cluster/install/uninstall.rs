//! Taken away again: by the documented steps in their order, and what becomes of an object that was forgotten.

use std::{collections::BTreeMap, fs};

use kube::core::DynamicObject;
use pingone_aic_harness::{
    ControlPlane, Namespace, Operator, TestNamespace, Values, is_condition, operator_binary, repository,
};
use pingone_aic_simulator::{Network, Realm, Tenant, tenant::Secret};
use pingone_aic_support::{
    company::{Company, Site, THREE},
    fixture::{ESV, WORKER},
};
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use super::PATIENCE;

/// The release that the documents install.
fn release(network: &Network) -> Values {
    Values::new(operator_binary().unwrap())
        .vendors(&network.proxy_url(), &network.ca_pem())
        .release("pingone-aic-operator")
        .set(json!({"crds": {"enabled": true}}))
}

/// A company whose development environment's objects have the name that the documents use.
fn documented_company(network: &Network) -> Company {
    let mut company = Company::named(network, "documented", &THREE);
    "dev-alpha".clone_into(&mut company.sites[0].name);
    company
}

/// Waits until an integration has its condition Active so, is Ready, and nothing is left to do.
pub async fn until_up(namespace: &TestNamespace, site: &Site, active: &str) {
    let is_up = |object: &DynamicObject| {
        is_condition(object, "Active", active)
            && is_condition(object, "Ready", "True")
            && object.data["status"]["esv"]["pending"].is_null()
    };
    namespace
        .wait_for("AICIntegration", &site.name, "to be up", PATIENCE, is_up)
        .await
        .unwrap();
}

type Made = (
    Option<Secret>,
    BTreeMap<String, Map<String, Value>>,
    BTreeMap<String, String>,
);

/// What of an integration is in a tenant.
fn made(tenant: &Tenant) -> Made {
    (
        tenant.secret(ESV),
        tenant.workers(Realm::Alpha),
        tenant.mappings(Realm::Alpha),
    )
}

pub fn is_cleared(tenant: &Tenant) -> bool {
    made(tenant) == Made::default()
}

/// What an uninstallation runs as it stands in the documents.
fn documented_commands() -> Vec<String> {
    let text = fs::read_to_string(repository().join("docs/upgrading.md")).unwrap();
    let (_, text) = text.split_once("\n## Uninstall\n").unwrap();
    let (text, _) = text.split_once("\n## ").unwrap();
    let blocks = text.split("```sh\n").skip(1);
    let lines = blocks.flat_map(|block| block.split("```").next().unwrap().lines());
    let commands = lines.map(|line| line.trim().to_owned());
    commands.filter(|command| !command.is_empty()).collect()
}

/// Runs a command whose arguments have no space in them, quoted or not; it has to come back.
async fn run(control_plane: &ControlPlane, command: &str) -> String {
    let command = command.replace('\'', "");
    let words: Vec<_> = command.split_whitespace().collect();
    let (program, arguments) = words.split_first().unwrap();
    let output = async {
        match *program {
            "kubectl" => control_plane.kubectl(arguments).await,
            "helm" => control_plane.helm(arguments).await,
            _ => panic!("{command} is of another program"),
        }
    };
    let output = timeout(PATIENCE, output).await;
    output
        .unwrap_or_else(|_| panic!("{command} does not come back"))
        .unwrap()
}

#[tokio::test]
async fn the_documented_steps_take_everything_away_and_of_the_tenants_what_was_asked() {
    let control_plane = ControlPlane::start().await.unwrap();
    let namespace = TestNamespace::from(Namespace::create(&control_plane, "pingone-aic").await.unwrap());
    let network = Network::start().await;
    let mut operator = Operator::install(&namespace, release(&network)).await.unwrap();
    let (going, staying) = (
        documented_company(&network),
        Company::named(&network, "staying", &THREE),
    );
    going.site("dev").apply(&namespace, json!({})).await;
    staying.apply(&namespace).await;
    let (going, staying_site) = (going.site("dev"), staying.site("dev"));
    until_up(&namespace, going, "True").await;
    for site in &staying.sites {
        let active = if site.stage == "dev" { "True" } else { "False" };
        until_up(&namespace, site, active).await;
    }
    let run_to_dev = staying.promotion("release-1", json!({"upTo": "dev"}));
    namespace.apply(run_to_dev).await.unwrap();
    let is_gated = |object: &DynamicObject| object.data["status"]["phase"] == "Gated";
    namespace
        .wait_for("Promotion", "release-1", "to be at its gate", PATIENCE, is_gated)
        .await
        .unwrap();
    let before = made(&staying_site.tenant);
    assert!(!is_cleared(&going.tenant) && before.1.contains_key(WORKER));

    let commands = documented_commands();
    // The steps for connections and for the namespace are sentences.
    let [
        promotions,
        policy,
        seen,
        integrations,
        left,
        uninstall,
        definitions,
    ] = &commands[..]
    else {
        panic!("other steps are documented: {commands:#?}");
    };
    for (command, is) in [
        (promotions, "delete promotions"),
        (policy, "deletionPolicy"),
        (seen, "finalizers"),
        (integrations, "delete aicintegrations"),
        (left, "LeftBehind"),
        (uninstall, "helm uninstall"),
        (definitions, "delete crd"),
    ] {
        assert!(command.contains(is), "{command} is not {is}");
    }
    run(&control_plane, promotions).await;
    assert_eq!(staying.stranded(), None);
    run(&control_plane, policy).await;
    run(&control_plane, seen).await;
    run(&control_plane, integrations).await;
    assert!(is_cleared(&going.tenant));
    assert_eq!(made(&staying_site.tenant), before);
    assert_eq!(run(&control_plane, left).await, "", "nothing is left behind");
    let connections = "kubectl -n pingone-aic delete pingoneconnections --all";
    run(&control_plane, connections).await;
    // By name: among a namespace's Secrets is Helm's own, of the release.
    let secrets = "kubectl -n pingone-aic delete secret pingone-dev-alpha aic-dev-alpha";
    run(&control_plane, secrets).await;
    run(&control_plane, uninstall).await;
    assert!(operator.terminate().await.unwrap().success());
    run(&control_plane, definitions).await;
    let rest = "kubectl get customresourcedefinitions,clusterroles,clusterrolebindings --output=name";
    let rest = run(&control_plane, rest).await;
    assert!(!rest.contains("pingone-aic"), "{rest}");
    run(&control_plane, "kubectl delete namespace pingone-aic").await;
    assert_eq!(made(&staying_site.tenant), before);
}

#[tokio::test]
async fn an_operator_that_is_installed_again_brings_to_its_end_what_kept_its_finalizer() {
    let control_plane = ControlPlane::start().await.unwrap();
    let namespace = TestNamespace::from(Namespace::create(&control_plane, "pingone-aic").await.unwrap());
    let network = Network::start().await;
    let mut operator = Operator::install(&namespace, release(&network)).await.unwrap();
    let company = documented_company(&network);
    let site = company.site("dev");
    site.apply(&namespace, json!({"deletionPolicy": "Delete"})).await;
    until_up(&namespace, site, "True").await;

    run(
        &control_plane,
        "helm uninstall pingone-aic-operator --namespace pingone-aic",
    )
    .await;
    assert!(operator.terminate().await.unwrap().success());
    namespace.delete("AICIntegration", &site.name).await.unwrap();
    let object = namespace.get("AICIntegration", &site.name).await.unwrap();
    assert!(object.metadata.deletion_timestamp.is_some());
    assert_eq!(
        object.metadata.finalizers.unwrap_or_default(),
        ["pingone-aic.io/cleanup"]
    );
    assert!(!is_cleared(&site.tenant));

    let _operator = Operator::install(&namespace, release(&network)).await.unwrap();
    namespace
        .wait_gone("AICIntegration", &site.name, PATIENCE)
        .await
        .unwrap();
    assert!(is_cleared(&site.tenant));
}
