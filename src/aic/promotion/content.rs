//! A report's content: sections of kinds of items, each added, modified or deleted. Two sections are documented. What is
//! not known counts as changed, for a report is empty only if nothing in it tells of anything.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

/// An item, and what a run does to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// It is gone. What is removed is told of first.
    Deleted,
    /// It is new.
    Added,
    /// It is changed.
    Modified,
}

/// All items, in the platform's order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Value")]
pub(super) struct Content(pub(super) Vec<Item>);

/// One item that is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) change: Change,
    section: String,
    pub(super) kind: String,
    pub(super) realm: String,
    /// Empty where the report gives none.
    pub(super) name: String,
    /// The same.
    pub(super) uid: String,
}

impl Item {
    /// All that the report says of it.
    pub(super) fn parts(&self) -> [String; 5] {
        [&self.section, &self.kind, &self.realm, &self.name, &self.uid].map(Clone::clone)
    }
}

impl Change {
    /// In a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Modified => "modified",
            Self::Deleted => "deleted",
        }
    }
}

impl From<Value> for Content {
    fn from(report: Value) -> Self {
        let mut items = Vec::new();
        match report {
            Value::Object(sections) => {
                for (section, content) in &sections {
                    add_section(section, content, &mut items);
                }
            }
            other => add_unknown("", "", &other, &mut items),
        }
        Self(items)
    }
}

fn add_section(section: &str, content: &Value, items: &mut Vec<Item>) {
    let Some(kinds) = content.as_array() else {
        return add_unknown(section, "", content, items);
    };
    for kind in kinds {
        let config_item = text(kind, "configItem");
        match kind.get("configChange") {
            Some(Value::Object(changes)) => add_changes(section, &config_item, changes, items),
            Some(other) if !is_empty(other) => add_unknown(section, &config_item, other, items),
            // A kind that is only named is changed in a way that is not told; one of which nothing is told is not.
            _ => add_unknown(section, &config_item, kind, items),
        }
    }
}

fn add_changes(section: &str, config_item: &str, changes: &Map<String, Value>, items: &mut Vec<Item>) {
    for (verb, changed) in changes {
        let change = match verb.as_str() {
            "added" => Change::Added,
            "deleted" => Change::Deleted,
            _ => Change::Modified,
        };
        let Some(list) = changed.as_array() else {
            add_unknown(section, config_item, changed, items);
            continue;
        };
        items.extend(list.iter().map(|item| Item {
            change,
            section: section.to_owned(),
            kind: config_item.to_owned(),
            realm: text(item, "realm"),
            name: item.as_str().map_or_else(|| text(item, "name"), str::to_owned),
            uid: text(item, "uid"),
        }));
    }
}

/// Something that is there, in a form that is not known.
fn add_unknown(section: &str, config_item: &str, content: &Value, items: &mut Vec<Item>) {
    if is_empty(content) {
        return;
    }
    items.push(Item {
        change: Change::Modified,
        section: section.to_owned(),
        kind: config_item.to_owned(),
        realm: String::new(),
        name: String::new(),
        uid: String::new(),
    });
}

fn is_empty(content: &Value) -> bool {
    match content {
        Value::Null | Value::Bool(false) => true,
        Value::Array(list) => list.iter().all(is_empty),
        Value::Object(members) => members.values().all(is_empty),
        Value::String(text) => text.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

fn text(content: &Value, member: &str) -> String {
    let text = content.get(member).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

impl fmt::Display for Item {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let section = self.section.strip_suffix("Config").unwrap_or(&self.section);
        let parts = [section, &self.realm, &self.kind];
        let place: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let name = if self.name.is_empty() {
            "(no name)"
        } else {
            &self.name
        };
        write!(formatter, "{}: {name}", place.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(report: Value) -> Vec<String> {
        let Content(items) = report.into();
        let lines = items
            .iter()
            .map(|item| format!("{:?} {item}", item.change).to_lowercase());
        lines.collect()
    }

    #[test]
    fn whatever_a_report_tells_of_counts() {
        let kind = |changes: Value| json!([{"configItem": "Scripts", "configChange": changes}]);
        let scripts = |verb: &str, item: Value| kind(json!({verb: [item]}));
        let one = json!({"name": "a", "realm": "/alpha", "uid": "1"});
        for (report, expected) in [
            (
                json!({"AMConfig": scripts("added", one.clone())}),
                "added am /alpha scripts: a",
            ),
            (
                json!({"IDMConfig": scripts("deleted", json!({"name": "b"}))}),
                "deleted idm scripts: b",
            ),
            (
                json!({"SomethingElse": scripts("modified", one.clone())}),
                "modified somethingelse /alpha scripts: a",
            ),
            (
                json!({"AMConfig": scripts("replaced", one)}),
                "modified am /alpha scripts: a",
            ),
            (
                json!({"AMConfig": scripts("added", json!({"uid": "1"}))}),
                "added am scripts: (no name)",
            ),
            (
                json!({"AMConfig": scripts("added", json!("c"))}),
                "added am scripts: c",
            ),
            (
                json!({"AMConfig": scripts("added", json!(null))}),
                "added am scripts: (no name)",
            ),
            (
                json!({"AMConfig": kind(json!({"added": {"name": "d"}}))}),
                "modified am scripts: (no name)",
            ),
            (
                json!({"AMConfig": kind(json!("all of it"))}),
                "modified am scripts: (no name)",
            ),
            (
                json!({"AMConfig": [{"configItem": "Scripts"}]}),
                "modified am scripts: (no name)",
            ),
            (
                json!({"Certificates": {"changed": 3}}),
                "modified certificates: (no name)",
            ),
            (json!("everything"), "modified : (no name)"),
        ] {
            assert_eq!(told(report.clone()), [expected], "{report}");
        }
    }

    #[test]
    fn what_tells_of_nothing_is_empty() {
        for report in [
            json!(null),
            json!({}),
            json!({"AMConfig": null, "IDMConfig": []}),
            json!({"AMConfig": [{"configItem": "Scripts", "configChange": {"added": [], "modified": null}}]}),
            json!({"Something": {"changed": []}}),
        ] {
            assert!(told(report.clone()).is_empty(), "{report}");
        }
    }
}
