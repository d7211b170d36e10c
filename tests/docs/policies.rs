//! Kyverno's form of the sample policies, from Kubernetes' own.

use std::fs;

use pingone_aic_harness::repository;
use serde_json::{Value, json};

use crate::is_generated;

const FOLDER: &str = "deploy/policies";

#[test]
fn kyverno_judges_by_the_same_expressions() {
    let files = |folder: &str| -> Vec<_> {
        let entries = fs::read_dir(repository().join(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.is_file()).collect()
    };
    for path in files(FOLDER) {
        let text = fs::read_to_string(&path).unwrap();
        let comment: String = text
            .split_inclusive('\n')
            .take_while(|line| line.starts_with('#'))
            .collect();
        let parts: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
        let [policy, binding] = &parts[..] else {
            panic!("{} is no policy with its binding", path.display());
        };
        let name = path.file_name().unwrap().to_str().unwrap();
        let form = serde_saphyr::to_string(&in_kyverno(policy, &binding["spec"])).unwrap();
        let form =
            format!("{comment}# Made from ../{name}, for clusters whose policies are Kyverno's.\n{form}");
        is_generated(&format!("{FOLDER}/kyverno/{name}"), &form);
    }
    assert_eq!(files(FOLDER).len(), files("deploy/policies/kyverno").len());
}

fn in_kyverno(policy: &Value, binding: &Value) -> Value {
    let mut spec = policy["spec"].clone();
    spec["validationActions"] = binding["validationActions"].clone();
    spec["matchConstraints"]["namespaceSelector"] = binding["matchResources"]["namespaceSelector"].clone();
    // Nobody asks for what is there already.
    spec["evaluation"] = json!({"background": {"enabled": false}});
    json!({
        "apiVersion": "policies.kyverno.io/v1", "kind": "ValidatingPolicy",
        "metadata": {"name": policy["metadata"]["name"]}, "spec": spec,
    })
}
