//! The files of the definitions are what the types say. `UPDATE_CRDS=1` writes them anew.

use pingone_aic_harness::repository;
use pingone_aic_operator::api::{custom_resource_definitions, to_yaml};
use std::{env, fs};

/// The chart has copies of its own, for Helm reads no file outside the chart.
const FOLDERS: [&str; 2] = ["crds", "charts/pingone-aic-operator/files/crds"];

#[test]
fn the_files_are_what_the_types_say() {
    let update = env::var_os("UPDATE_CRDS").is_some_and(|value| value == "1");
    let definitions = custom_resource_definitions();
    for folder in FOLDERS {
        let folder = repository().join(folder);
        if update {
            fs::create_dir_all(&folder).unwrap();
        }
        for definition in &definitions {
            let file = folder.join(format!("{}.yaml", definition.spec.names.plural));
            let expected = to_yaml(definition).unwrap();
            if update {
                fs::write(&file, &expected).unwrap();
            }
            let found = fs::read_to_string(&file).unwrap_or_default();
            assert!(
                found == expected,
                "{} is not what src/api says: run `UPDATE_CRDS=1 cargo test --test admission the_files`",
                file.display()
            );
        }
        let count = fs::read_dir(&folder).unwrap().count();
        assert_eq!(
            count,
            definitions.len(),
            "{} holds files of no kind",
            folder.display()
        );
    }
}
