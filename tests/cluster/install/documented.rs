//! Each set of values in the docs installs as it stands.

use std::fs;

use pingone_aic_harness::{TestNamespace, repository};
use serde_json::{Value, json};

use super::{CHART, tempfolder};

/// What pages and files give to the chart: blocks of its values, those of a `HelmRelease`, and files in deploy/.
fn values() -> Vec<(String, Value)> {
    let read = |file: &str| fs::read_to_string(repository().join(file)).unwrap();
    let known: Value = serde_saphyr::from_str(&read(&format!("{CHART}/values.yaml"))).unwrap();
    let openshift = "deploy/openshift/values.yaml";
    let mut found = vec![(
        openshift.to_owned(),
        serde_saphyr::from_str(&read(openshift)).unwrap(),
    )];
    let pages = fs::read_dir(repository().join("docs")).unwrap();
    let pages = pages
        .map(|page| page.unwrap())
        .filter(|page| page.path().is_file());
    let pages = pages.map(|page| format!("docs/{}", page.file_name().display()));
    for page in pages.chain(["README.md".to_owned()]) {
        for block in read(&page).split("```yaml\n").skip(1) {
            let block = block.split("```").next().unwrap();
            let Ok(objects) = serde_saphyr::from_multiple::<Value>(block) else {
                // Indented, and part of a list: the samples' test reads it.
                continue;
            };
            for mut object in objects {
                let is_values =
                    |fields: &serde_json::Map<String, Value>| fields.keys().all(|key| !known[key].is_null());
                if object["kind"] == "HelmRelease" {
                    found.push((page.clone(), object["spec"]["values"].take()));
                } else if object.as_object().is_some_and(is_values) {
                    found.push((page.clone(), object));
                }
            }
        }
    }
    found
}

#[tokio::test]
async fn each_set_of_values_in_the_docs_installs() {
    let all = values();
    let sources: Vec<_> = all.iter().map(|(source, _)| source.as_str()).collect();
    for source in ["README.md", "docs/flux.md", "deploy/openshift/values.yaml"] {
        assert!(sources.contains(&source), "{sources:?}");
    }
    for (source, mut values) in all {
        let namespace = TestNamespace::create(&format!("the values of {source}")).await;
        // The definitions are there already, and are another's.
        values["crds"] = json!({"enabled": false});
        let file = tempfolder().with_extension("json");
        fs::write(&file, values.to_string()).unwrap();
        let (chart, release) = (repository().join(CHART), namespace.name());
        let install = [
            "install",
            release,
            chart.to_str().unwrap(),
            "--namespace",
            release,
            "--values",
            file.to_str().unwrap(),
        ];
        let said = namespace.control_plane().helm(&install).await;
        assert!(said.is_ok(), "{source}: {said:?}");
        let uninstall = ["uninstall", release, "--namespace", release];
        namespace.control_plane().helm(&uninstall).await.unwrap();
        fs::remove_file(file).unwrap();
    }
}
