//! The definitions, as the chart installs them.

use super::*;

/// The YAML files in a folder by name.
fn read_yaml(folder: &Path) -> std::io::Result<BTreeMap<OsString, String>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            files.insert(entry.file_name(), fs::read_to_string(entry.path())?);
        }
    }
    Ok(files)
}

#[test]
fn helm_changes_nothing_in_a_crd_but_its_labels_and_annotations() {
    // Typed, since helm writes 0 for 0.0.
    let specs = |objects: Vec<Value>| -> Vec<CustomResourceDefinitionSpec> {
        let crds = objects
            .into_iter()
            .filter(|object| object["kind"] == "CustomResourceDefinition");
        crds.map(|mut crd| serde_json::from_value(crd["spec"].take()).unwrap())
            .collect()
    };
    let crds = read_yaml(&repository().join("crds")).unwrap();
    let crds = crds.values().map(|text| serde_saphyr::from_str(text).unwrap());
    assert_eq!(specs(template(&[]).unwrap()), specs(crds.collect()));
}

#[test]
fn crds_survive_the_release_unless_told_otherwise() {
    let keep = |values: &[&str]| -> Vec<bool> {
        let objects = template(values).unwrap();
        let crds = of_kind(&objects, "CustomResourceDefinition").into_iter();
        crds.map(|crd| crd["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep")
            .collect()
    };
    assert_eq!(keep(&[]), [true; 3]);
    assert_eq!(keep(&["crds.keep=false"]), [false; 3]);
    assert!(keep(&["crds.enabled=false"]).is_empty());
}
