//! Limits the names in a status to what there is room for.

use crate::api::clip;

/// Names of one kind.
const MOST_NAMES: usize = 50;
/// In bytes.
const LONGEST_NAME: usize = 200;

/// How many bytes are left for names, as JSON writes them.
pub(super) struct NameBudget(usize);

impl NameBudget {
    pub(super) fn of(bytes: usize) -> Self {
        Self(bytes)
    }

    /// Adds a name, shortened, if there is room for it.
    pub(super) fn add(&mut self, name: &str, names: &mut Vec<String>) -> bool {
        let name = shown(name);
        let quoted = serde_json::Value::from(name.as_str()).to_string();
        let Some(left) = self.0.checked_sub(quoted.len() + 1) else {
            return false;
        };
        let is_room = names.len() < MOST_NAMES;
        if is_room {
            self.0 = left;
            names.push(name);
        }
        is_room
    }
}

/// The platform chooses the names, so their length is limited.
pub(super) fn shown(text: &str) -> String {
    let printable: String = text.chars().filter(|c| !c.is_control()).collect();
    clip(&printable, LONGEST_NAME)
}
