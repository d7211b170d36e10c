//! Decides which workers of a tenant an `AICIntegration` can adopt: those that people created in its console. No I/O.

use std::collections::BTreeMap;

use super::{Esv, EsvId, IntegrationName, LabelAttribute, LabelIdentifier, Mapping, OwnerMark, Worker};

/// What a tenant shows of one realm, and of its ESVs.
pub struct Shown<'a> {
    /// Where this tenant keeps a worker's label; `None` without product connections.
    pub attribute: Option<&'a LabelAttribute>,
    /// Whether the realm's worker service is enabled.
    pub is_enabled: bool,
    /// The realm's workers by their names.
    pub workers: &'a BTreeMap<String, Worker>,
    /// The realm's mappings.
    pub mappings: &'a [Mapping],
    /// The other realm's: ESVs belong to both.
    pub mappings_elsewhere: &'a [Mapping],
    /// The ESVs of the tenant by their ids.
    pub esvs: &'a BTreeMap<String, Esv>,
}

/// The fields of an `AICIntegration` that adopts a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// `spec.name`: the worker's name.
    pub name: IntegrationName,
    /// `spec.esvId`.
    pub esv: EsvId,
    /// `spec.secretLabelIdentifier`.
    pub label: LabelIdentifier,
    /// Whether a new version waits for a restart of the tenant, because placeholders may use the ESV.
    pub needs_restart: bool,
}

/// With which names an object adopts a worker; else everything that stands in the way.
pub fn adoption<'a>(shown: &Shown<'a>, name: &str, worker: &'a Worker) -> Result<Adoption, Vec<String>> {
    if !worker.uses_credential() {
        return Err(vec![
            "it works with a client's id and secret: connect it via a credential in the tenant's console"
                .to_owned(),
        ]);
    }
    let mut obstacles = Vec::new();
    if !shown.is_enabled {
        obstacles.push(
            "the realm's PingOne worker service is disabled: enable it in the tenant's console".to_owned(),
        );
    }
    let parsed = name.parse::<IntegrationName>();
    if parsed.is_err() {
        obstacles.push(format!("no AICIntegration can have the name {name:?}"));
    }
    let label_of = |worker: &'a Worker| worker.label(shown.attribute?);
    let Some(label) = label_of(worker) else {
        obstacles.push(match shown.attribute {
            Some(attribute) if attribute.is_known() => {
                "it has no credential label: give it one in the tenant's console".to_owned()
            }
            Some(_) => "the tenant does not tell where it keeps a worker's credential label".to_owned(),
            None => "this tenant has no product connections yet".to_owned(),
        });
        return Err(obstacles);
    };
    let others = shown.workers.iter().filter(|(other, _)| *other != name);
    for (other, _) in others.filter(|(_, other)| label_of(other) == Some(label)) {
        obstacles.push(format!("worker {other} uses its label {label}, too"));
    }
    let Ok(label) = label.parse::<LabelIdentifier>() else {
        obstacles.push(format!("no AICIntegration can have the label {label:?}"));
        return Err(obstacles);
    };
    match (parsed, mapped_esv(shown, &label, &mut obstacles)) {
        (Ok(name), Some((esv, needs_restart))) if obstacles.is_empty() => Ok(Adoption {
            name,
            esv,
            label,
            needs_restart,
        }),
        _ => Err(obstacles),
    }
}

/// The ESV that a label is mapped to, and whether placeholders may use it.
fn mapped_esv(
    shown: &Shown<'_>,
    label: &LabelIdentifier,
    obstacles: &mut Vec<String>,
) -> Option<(EsvId, bool)> {
    let secret_label = label.secret_label();
    let mapping = shown
        .mappings
        .iter()
        .find(|mapping| mapping.secret_label == secret_label);
    let alias = match mapping.map(|mapping| mapping.aliases.as_slice()) {
        Some([alias]) => alias,
        Some([_, _, ..]) => {
            obstacles.push(format!("its label {label} is mapped to more than one ESV"));
            return None;
        }
        Some([]) | None => {
            obstacles.push(format!("its label {label} is mapped to no ESV"));
            return None;
        }
    };
    let Some(esv) = shown.esvs.get(alias) else {
        obstacles.push(format!(
            "its label {label} is mapped to {alias}, which does not exist"
        ));
        return None;
    };
    if let Some(mark) = OwnerMark::read(&esv.description) {
        obstacles.push(format!(
            "ESV {alias} has the mark of AICIntegration {}",
            mark.owner
        ));
    }
    if esv.active_version.is_empty() {
        obstacles.push(format!("no version of ESV {alias} is enabled"));
    }
    if esv.encoding != "generic" {
        obstacles.push(format!(
            "the encoding of ESV {alias} is {}, and generic is needed",
            esv.encoding
        ));
    }
    let leads_here = |mapping: &&Mapping| mapping.aliases.contains(alias);
    let also_mapped = |mapping: &&Mapping| mapping.secret_label != secret_label && leads_here(mapping);
    for other in shown.mappings.iter().filter(also_mapped) {
        obstacles.push(format!("ESV {alias} is mapped to {}, too", other.secret_label));
    }
    for other in shown.mappings_elsewhere.iter().filter(leads_here) {
        obstacles.push(format!(
            "ESV {alias} is mapped to {} in the other realm, too",
            other.secret_label
        ));
    }
    let Ok(id) = alias.parse() else {
        obstacles.push(format!("no AICIntegration can have the ESV {alias:?}"));
        return None;
    };
    Some((id, esv.use_in_placeholders))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Of the worker `A`, unless there is another one alone.
    fn found(workers: &Value, mappings: &Value, esvs: &Value) -> Result<Adoption, Vec<String>> {
        let each = |value: &Value| value.as_object().cloned().unwrap_or_default().into_iter();
        let workers: BTreeMap<_, _> = each(workers)
            .map(|(name, worker)| (name, Worker::of(&worker)))
            .collect();
        let mappings: Vec<Mapping> = each(mappings)
            .map(|(label, esv)| {
                let label = format!("am.services.pingone.worker.{label}.credential");
                let aliases = if esv.is_array() { esv } else { json!([esv]) };
                serde_json::from_value(json!({"_id": label, "aliases": aliases})).unwrap()
            })
            .collect();
        let esvs: BTreeMap<_, _> = each(esvs)
            .map(|(id, esv)| (id, serde_json::from_value(esv).unwrap()))
            .collect();
        let (name, worker) = workers.first_key_value().unwrap();
        let shown = Shown {
            attribute: Some(&LabelAttribute::named("label")),
            is_enabled: true,
            workers: &workers,
            mappings: &mappings,
            mappings_elsewhere: &[],
            esvs: &esvs,
        };
        let adoption = adoption(&shown, name, worker);
        let disabled = super::adoption(
            &Shown {
                is_enabled: false,
                ..shown
            },
            name,
            worker,
        );
        assert!(disabled.is_err(), "{name}");
        adoption
    }

    fn worker(label: &str) -> Value {
        json!({"useCredential": true, "label": label})
    }

    fn esv(encoding: &str, in_placeholders: bool, description: &str) -> Value {
        json!({
            "activeVersion": "1", "encoding": encoding, "useInPlaceholders": in_placeholders,
            "description": description,
        })
    }

    #[test]
    fn what_people_made_is_adopted_under_the_names_that_it_has() {
        for (name, label, id, needs_restart) in [
            ("Derived-Names", "Derived.Names", "esv-derived-names", false),
            ("Own", "by.hand", "esv-by-hand", true),
        ] {
            let workers = json!({name: worker(label)});
            let esvs = json!({id: esv("generic", needs_restart, "mine")});
            let expected = Adoption {
                name: name.parse().unwrap(),
                esv: id.parse().unwrap(),
                label: label.parse().unwrap(),
                needs_restart,
            };
            assert_eq!(found(&workers, &json!({label: id}), &esvs), Ok(expected));
        }
    }

    #[test]
    fn whatever_stands_in_the_way_is_said_all_at_once() {
        let mapped = json!({"a": "esv-a"});
        let good = json!({"esv-a": esv("generic", false, "")});
        let marked = esv(
            "generic",
            false,
            "pingone-aic-operator ns/a u credential=c version=1",
        );
        let mut disabled = esv("generic", false, "");
        disabled["activeVersion"] = json!("");
        #[rustfmt::skip]
        let table = [
            (json!({"A": {"useCredential": false, "label": "a"}}), mapped.clone(), good.clone(), vec!["client's id and secret"]),
            (json!({"two words": worker("a")}), mapped.clone(), good.clone(), vec!["name \"two words\""]),
            (json!({"A": worker("")}), mapped.clone(), good.clone(), vec!["no credential label"]),
            (json!({"A": worker("a"), "B": json!({"label": "a"})}), mapped.clone(), good.clone(), vec!["worker B uses its label a"]),
            (json!({"A": worker("a")}), json!({}), good.clone(), vec!["mapped to no ESV"]),
            (json!({"A": worker("a")}), json!({"a": ["esv-a", "esv-b"]}), good.clone(), vec!["more than one ESV"]),
            (json!({"A": worker("a")}), mapped.clone(), json!({}), vec!["esv-a, which does not exist"]),
            (json!({"A": worker("a")}), mapped.clone(), json!({"esv-a": marked}), vec!["mark of AICIntegration ns/a"]),
            (json!({"A": worker("a")}), mapped.clone(), json!({"esv-a": disabled}), vec!["no version of ESV esv-a is enabled"]),
            (json!({"A": worker("a")}), mapped.clone(), json!({"esv-a": esv("pem", false, "")}), vec!["encoding of ESV esv-a is pem"]),
            (json!({"A": worker("a")}), json!({"a": "esv-a", "b": "esv-a"}), good.clone(), vec!["esv-a is mapped to am.services.pingone.worker.b.credential, too"]),
            (json!({"1": worker("a")}), json!({"a": "esv-a", "b": "esv-a"}), json!({"esv-a": esv("pem", false, "")}), vec!["name \"1\"", "is pem", "too"]),
        ];
        for (workers, mappings, esvs, expected) in table {
            let obstacles = found(&workers, &mappings, &esvs).unwrap_err();
            let mut said = obstacles.iter().zip(&expected);
            let are_said = said.all(|(said, part)| said.contains(part));
            assert!(are_said && obstacles.len() == expected.len(), "{obstacles:?}");
        }
    }
}
