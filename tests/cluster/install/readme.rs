//! From the README alone: one command, one file of values, and its first integration.

use std::{collections::BTreeMap, fs};

use pingone_aic_harness::{
    ControlPlane, Namespace, Operator, TestNamespace, Values, is_condition, operator_binary, repository,
};
use pingone_aic_simulator::Network;
use pingone_aic_support::company::{Company, SCOPES, THREE};
use serde_json::{Value, json};

use super::PATIENCE;

/// The README's blocks of YAML, as they are to be saved.
fn blocks() -> Vec<String> {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let (mut blocks, mut block) = (Vec::new(), None::<String>);
    for line in readme.lines() {
        match (line.trim(), &mut block) {
            ("```yaml", None) => block = Some(String::new()),
            ("```", Some(_)) => blocks.extend(block.take()),
            (_, Some(block)) => block.extend([line, "\n"]),
            _ => {}
        }
    }
    blocks
}

fn block(contains: &str) -> String {
    let mut blocks = blocks().into_iter();
    let block = blocks.find(|block| block.contains(contains)).unwrap();
    let indent = block.len() - block.trim_start().len();
    let lines = block.lines().map(|line| line.get(indent..).unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_readme_leads_from_nothing_to_a_first_integration_that_is_active() {
    let control_plane = ControlPlane::start().await.unwrap();
    let namespace = TestNamespace::from(Namespace::create(&control_plane, "pingone-aic").await.unwrap());
    let network = Network::start().await;
    let company = Company::named(&network, "mycompany", &THREE);
    let values: Value = serde_saphyr::from_str(&block("# values.yaml")).unwrap();
    // Beside the README's own: the way to the simulated vendors, and what the harness leaves out elsewhere.
    let values = Values::new(operator_binary().unwrap())
        .vendors(&network.proxy_url(), &network.ca_pem())
        .release("pingone-aic-operator")
        .set(json!({"crds": {"enabled": true}}))
        .set(values);
    let _operator = Operator::install(&namespace, values).await.unwrap();

    let site = company.site("dev");
    let account = site.tenant.create_service_account("operator", &SCOPES);
    let credential = site.connection.add_credential();
    let secrets = BTreeMap::from([
        ("pingone-dev", vec![("credential", credential.jwt.as_str())]),
        (
            "aic-dev",
            vec![
                ("serviceAccountId", account.id.as_str()),
                ("jwk", account.jwk.as_str()),
            ],
        ),
    ]);
    for (name, data) in &secrets {
        namespace.secret(name, data).await.unwrap();
    }
    let file = super::tempfolder().with_extension("yaml");
    fs::write(&file, block("kind: PingOneConnection")).unwrap();
    let apply = ["apply", "--filename", file.to_str().unwrap()];
    control_plane.kubectl(&apply).await.unwrap();
    fs::remove_file(file).unwrap();

    let is_proved = |object: &kube::core::DynamicObject| {
        let conditions = object.data["status"]["conditions"].as_array();
        let is_ready =
            |condition: &Value| condition["type"] == "Ready" && condition["reason"] == "TestPassed";
        conditions.into_iter().flatten().any(is_ready) && is_condition(object, "Active", "True")
    };
    namespace
        .wait_for(
            "AICIntegration",
            "dev-alpha",
            "to pass its test",
            PATIENCE,
            is_proved,
        )
        .await
        .unwrap();
}
