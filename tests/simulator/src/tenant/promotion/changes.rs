//! How two static configurations differ, in the form of a report.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::configuration::{ConfigItem, StaticConfiguration};

/// Kinds of change by their names in a report, each with what is changed so.
#[derive(Clone, Debug)]
pub(super) struct Changes(Vec<(&'static str, ConfigItem)>);

impl Changes {
    /// What has to happen to the one for it to be the other.
    pub(super) fn between(from: &StaticConfiguration, to: &StaticConfiguration) -> Self {
        let (from, mut to) = (from.items(), to.items());
        let mut changes = Vec::new();
        for (item, before) in from {
            match to.remove(&item) {
                None => changes.push(("deleted", item)),
                Some(after) if after != before => changes.push(("modified", item)),
                Some(_) => {}
            }
        }
        changes.extend(to.into_keys().map(|item| ("added", item)));
        Self(changes)
    }

    /// Empty lists are left out.
    pub(super) fn to_json(&self) -> Value {
        let (am, idm): (Vec<_>, Vec<_>) = self.0.iter().partition(|(_, item)| item.realm.is_some());
        let mut report = Map::new();
        for (part, changes) in [("AMConfig", am), ("IDMConfig", idm)] {
            if !changes.is_empty() {
                report.insert(part.to_owned(), by_kind(&changes));
            }
        }
        Value::Object(report)
    }
}

fn by_kind(changes: &[&(&'static str, ConfigItem)]) -> Value {
    let mut kinds: BTreeMap<&str, BTreeMap<&str, Vec<Value>>> = BTreeMap::new();
    for (change, item) in changes {
        let kind = kinds.entry(&item.kind).or_default();
        kind.entry(change).or_default().push(to_json(item));
    }
    let kinds = kinds.into_iter();
    kinds
        .map(|(kind, change)| json!({"configItem": kind, "configChange": change}))
        .collect()
}

fn to_json(item: &ConfigItem) -> Value {
    let ConfigItem { kind, realm, name } = item;
    match realm {
        Some(realm) => json!({
            "name": name,
            "realm": format!("/{realm}"),
            "uid": format!("ou={name},ou={kind},o={realm},ou=services,ou=am-config"),
        }),
        None => json!({"name": name}),
    }
}
