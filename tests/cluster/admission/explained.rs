//! `kubectl explain` has a text for every field that people write or read.

use pingone_aic_harness::ControlPlane;
use serde_json::Value;

#[tokio::test]
async fn every_field_has_a_description() {
    let control_plane = ControlPlane::shared().await;
    for kind in ["pingoneconnection", "aicintegration", "promotion"] {
        for part in ["spec", "status"] {
            let schema = schema(&control_plane, kind, part).await;
            let (mut fields, mut silent) = (0, Vec::new());
            walk(&schema, &format!("{kind}.{part}"), &mut fields, &mut silent);
            assert!(fields > 3, "{kind}.{part} has only {fields} fields");
            assert!(silent.is_empty(), "no description: {}", silent.join(", "));
        }
    }
}

/// The schema of a kind's spec or status in the definition that the API server holds.
async fn schema(control_plane: &ControlPlane, kind: &str, part: &str) -> Value {
    let name = format!("{kind}s.pingone-aic.io");
    let definition = control_plane
        .kubectl(&["get", "crd", &name, "--output=json"])
        .await
        .unwrap();
    let mut definition: Value = serde_json::from_str(&definition).unwrap();
    let pointer = format!("/spec/versions/0/schema/openAPIV3Schema/properties/{part}");
    definition.pointer_mut(&pointer).unwrap().take()
}

fn walk(schema: &Value, path: &str, fields: &mut usize, silent: &mut Vec<String>) {
    if schema["description"]
        .as_str()
        .is_none_or(|text| text.trim().is_empty())
    {
        silent.push(path.to_owned());
    }
    let item = &schema["items"];
    for holder in [schema, item] {
        for (name, field) in holder["properties"].as_object().into_iter().flatten() {
            *fields += 1;
            walk(field, &format!("{path}.{name}"), fields, silent);
        }
    }
}
