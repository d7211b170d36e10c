//! The files of the definitions are what the types say.

use crate::is_generated;
use pingone_aic_harness::repository;
use pingone_aic_operator::api::{custom_resource_definitions, to_yaml};
use std::fs;

/// The chart has copies of its own, for Helm reads no file outside the chart.
const FOLDERS: [&str; 2] = ["crds", "charts/pingone-aic-operator/files/crds"];

#[test]
fn the_definitions_are_what_the_types_say() {
    let definitions = custom_resource_definitions();
    for folder in FOLDERS {
        for definition in &definitions {
            let file = format!("{folder}/{}.yaml", definition.spec.names.plural);
            is_generated(&file, &to_yaml(definition).unwrap());
        }
        let count = fs::read_dir(repository().join(folder)).unwrap().count();
        assert_eq!(count, definitions.len(), "{folder} holds files of no kind");
    }
}
