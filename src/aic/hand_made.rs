//! Finds the integrations that people created in a tenant's console, and whether an `AICIntegration` can adopt them.
//! No I/O.

use std::collections::BTreeMap;

use super::{Esv, EsvId, IntegrationName, LabelAttribute, LabelIdentifier, Mapping, OwnerMark, Worker};

/// What a tenant shows of one realm, and of its ESVs.
pub struct Shown<'a> {
    /// Where this tenant keeps a worker's label.
    pub attribute: &'a LabelAttribute,
    /// The realm's workers by their names.
    pub workers: &'a BTreeMap<String, Worker>,
    /// The realm's mappings.
    pub mappings: &'a [Mapping],
    /// The other realm's: ESVs belong to both.
    pub mappings_elsewhere: &'a [Mapping],
    /// The ESVs of the tenant by their ids.
    pub esvs: &'a BTreeMap<String, Esv>,
}

/// A worker that people made to use a credential.
#[derive(Debug, PartialEq, Eq)]
pub struct HandMade {
    /// The worker's name.
    pub worker: String,
    /// With which names an object adopts it; else everything that stands in the way.
    pub adoption: Result<Adoption, Vec<String>>,
}

/// The fields of an `AICIntegration` that adopts a worker.
#[derive(Debug, PartialEq, Eq)]
pub struct Adoption {
    /// `spec.name`.
    pub name: IntegrationName,
    /// `spec.esvId`, where it is not the derived one.
    pub esv_id: Option<EsvId>,
    /// `spec.secretLabelIdentifier`, where it is not the derived one.
    pub label: Option<LabelIdentifier>,
    /// Whether a new version may wait for a restart of the tenant.
    pub needs_restart: bool,
}

/// The integrations of a realm that people made, in the order of their names. Workers with a client's id and secret are
/// none, and neither is what bears an operator's mark.
#[must_use]
pub fn hand_made(shown: &Shown<'_>) -> Vec<HandMade> {
    let workers = shown.workers.iter();
    workers
        .filter(|(_, worker)| worker.uses_credential())
        .filter_map(|(name, worker)| {
            let label = worker.label(shown.attribute);
            let adoption = adoption(shown, name, label)?;
            let worker = name.clone();
            Some(HandMade { worker, adoption })
        })
        .collect()
}

/// `None`: an operator's own.
fn adoption(shown: &Shown<'_>, worker: &str, label: Option<&str>) -> Option<Result<Adoption, Vec<String>>> {
    let mut obstacles = Vec::new();
    let name = worker.parse::<IntegrationName>();
    if name.is_err() {
        obstacles.push(format!("no AICIntegration can have the name {worker:?}"));
    }
    let Some(label) = label else {
        obstacles.push("it has no credential label: give it one in the tenant's console".to_owned());
        return Some(Err(obstacles));
    };
    let others = shown.workers.iter().filter(|(other, _)| *other != worker);
    for (other, _) in others.filter(|(_, other)| other.label(shown.attribute) == Some(label)) {
        obstacles.push(format!("worker {other} uses its label {label}, too"));
    }
    let Ok(identifier) = label.parse::<LabelIdentifier>() else {
        obstacles.push(format!("no AICIntegration can have the label {label:?}"));
        return Some(Err(obstacles));
    };
    let secret_label = identifier.secret_label();
    let mut mappings = shown.mappings.iter();
    let alias = mappings
        .find(|mapping| mapping.secret_label == secret_label)
        .and_then(|mapping| mapping.aliases.first());
    let esv = alias.and_then(|alias| shown.esvs.get(alias).map(|esv| (alias, esv)));
    let Some((alias, esv)) = esv else {
        obstacles.push(match alias {
            Some(alias) => format!("its label {label} is mapped to {alias}, which does not exist"),
            None => format!("its label {label} is mapped to no ESV"),
        });
        return Some(Err(obstacles));
    };
    if OwnerMark::read(&esv.description).is_some() {
        return None;
    }
    if esv.encoding != "generic" {
        obstacles.push(format!(
            "the encoding of ESV {alias} is {}, and generic is needed",
            esv.encoding
        ));
    }
    let leads_here = |mapping: &&Mapping| mapping.aliases.iter().any(|other| other == alias);
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
    let esv_id = alias.parse::<EsvId>();
    if esv_id.is_err() {
        obstacles.push(format!("no AICIntegration can have the ESV {alias:?}"));
    }
    let (Ok(name), Ok(esv_id), true) = (name, esv_id, obstacles.is_empty()) else {
        return Some(Err(obstacles));
    };
    Some(Ok(Adoption {
        esv_id: (esv_id != name.esv_id()).then_some(esv_id),
        label: (identifier != name.label_identifier()).then_some(identifier),
        needs_restart: esv.use_in_placeholders,
        name,
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn found(workers: &Value, mappings: &Value, esvs: &Value) -> Vec<HandMade> {
        let each = |value: &Value| value.as_object().cloned().unwrap_or_default().into_iter();
        let workers: BTreeMap<_, _> = each(workers)
            .map(|(name, worker)| (name, Worker::of(&worker)))
            .collect();
        let mappings: Vec<Mapping> = each(mappings)
            .map(|(label, esv)| {
                let label = format!("am.services.pingone.worker.{label}.credential");
                serde_json::from_value(json!({"_id": label, "aliases": [esv]})).unwrap()
            })
            .collect();
        let esvs: BTreeMap<_, _> = each(esvs)
            .map(|(id, esv)| (id, serde_json::from_value(esv).unwrap()))
            .collect();
        hand_made(&Shown {
            attribute: &LabelAttribute::named("label"),
            workers: &workers,
            mappings: &mappings,
            mappings_elsewhere: &[],
            esvs: &esvs,
        })
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
        let workers = json!({"Derived-Names": worker("Derived.Names"), "Own": worker("by.hand")});
        let mappings = json!({"Derived.Names": "esv-derived-names", "by.hand": "esv-by-hand"});
        let esvs = json!({
            "esv-derived-names": esv("generic", false, ""), "esv-by-hand": esv("generic", true, "mine"),
        });
        let adoption = |name: &str, esv: Option<&str>, label: Option<&str>, needs_restart| HandMade {
            worker: name.to_owned(),
            adoption: Ok(Adoption {
                name: name.parse().unwrap(),
                esv_id: esv.map(|id| id.parse().unwrap()),
                label: label.map(|label| label.parse().unwrap()),
                needs_restart,
            }),
        };
        assert_eq!(
            found(&workers, &mappings, &esvs),
            [
                adoption("Derived-Names", None, None, false),
                adoption("Own", Some("esv-by-hand"), Some("by.hand"), true),
            ]
        );
    }

    #[test]
    fn whatever_stands_in_the_way_is_said_all_at_once() {
        let mapped = json!({"a": "esv-a"});
        let good = json!({"esv-a": esv("generic", false, "")});
        #[rustfmt::skip]
        let table = [
            (json!({"two words": worker("a")}), mapped.clone(), good.clone(), vec!["name \"two words\""]),
            (json!({"A": worker("")}), mapped.clone(), good.clone(), vec!["no credential label"]),
            (json!({"A": worker("a"), "B": json!({"label": "a"})}), mapped.clone(), good.clone(), vec!["worker B uses its label a"]),
            (json!({"A": worker("a")}), json!({}), good.clone(), vec!["mapped to no ESV"]),
            (json!({"A": worker("a")}), mapped.clone(), json!({}), vec!["esv-a, which does not exist"]),
            (json!({"A": worker("a")}), mapped.clone(), json!({"esv-a": esv("pem", false, "")}), vec!["encoding of ESV esv-a is pem"]),
            (json!({"A": worker("a")}), json!({"a": "esv-a", "b": "esv-a"}), good.clone(), vec!["esv-a is mapped to am.services.pingone.worker.b.credential, too"]),
            (json!({"1": worker("a")}), json!({"a": "esv-a", "b": "esv-a"}), json!({"esv-a": esv("pem", false, "")}), vec!["name \"1\"", "is pem", "too"]),
        ];
        for (workers, mappings, esvs, expected) in table {
            let found = found(&workers, &mappings, &esvs);
            let obstacles = found[0].adoption.as_ref().unwrap_err();
            let are_said = obstacles
                .iter()
                .zip(&expected)
                .all(|(said, part)| said.contains(part));
            assert!(are_said && obstacles.len() == expected.len(), "{obstacles:?}");
        }
    }

    #[test]
    fn what_is_an_operators_or_uses_a_clients_secret_is_none() {
        let workers = json!({"A": worker("a"), "B": json!({"useCredential": false, "label": "b"})});
        let mark = "pingone-aic-operator ns/a u credential=c version=1";
        let esvs = json!({"esv-a": esv("generic", false, mark)});
        assert_eq!(found(&workers, &json!({"a": "esv-a", "b": "esv-a"}), &esvs), []);
    }
}
