//! A condition as Kubernetes has it. Thousands are kept, and nearly all of their words are constants: those are not
//! copied.

use std::borrow::Cow;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::{Deserialize, Deserializer, Serialize};

use super::Reason;

/// The type of the condition that says whether anything is left to do.
pub const READY: &str = "Ready";
/// The type of the condition that says whether the thing works, proved by the vendor's own answer.
pub const ACTIVE: &str = "Active";
/// The type of the condition that says whether the Secret holds a credential of the right environment.
pub const CREDENTIAL_VALID: &str = "CredentialValid";
/// The type of the condition that says whether the ESV holds the credential.
pub const ESV_READY: &str = "EsvReady";
/// The type of the condition that says whether the worker is as it should be.
pub const WORKER_READY: &str = "WorkerReady";
/// The type of the condition that says whether the worker's label is mapped to the ESV.
pub const SECRET_MAPPED: &str = "SecretMapped";
pub(super) const RECONCILING: &str = "Reconciling";
/// The type of the condition that is there while nothing changes until a person acts.
pub const STALLED: &str = "Stalled";

/// All of them, in a fixed order: a list whose order wanders would look like a change.
pub(super) const TYPES: [&str; 8] = [
    CREDENTIAL_VALID,
    ESV_READY,
    WORKER_READY,
    SECRET_MAPPED,
    ACTIVE,
    READY,
    RECONCILING,
    STALLED,
];

/// What is known of one aspect of an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// When the status flipped last.
    pub last_transition_time: Time,
    /// A sentence for people.
    pub message: String,
    /// The generation of the spec that it speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// A constant that programs match on.
    #[serde(deserialize_with = "word")]
    pub reason: Word,
    /// `True`, `False` or `Unknown`.
    #[serde(deserialize_with = "word")]
    pub status: Word,
    /// Which aspect.
    #[serde(rename = "type", deserialize_with = "word")]
    pub type_: Word,
}

/// A word that is one of the operator's constants, or another party's.
pub type Word = Cow<'static, str>;

fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Word, D::Error> {
    let word = String::deserialize(deserializer)?;
    let mut constants = ["True", "False", "Unknown"].into_iter().chain(TYPES);
    let known = constants.find(|constant| *constant == word);
    let known = known.or_else(|| Reason::find(&word).map(Reason::as_str));
    Ok(known.map_or(Cow::Owned(word), Cow::Borrowed))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn constants_are_not_copied_and_another_partys_words_are_kept() {
        let text = json!({
            "type": "Ready", "status": "Odd", "reason": "TestPassed", "message": "m",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        });
        let condition: Condition = serde_json::from_value(text.clone()).unwrap();
        assert!(matches!(condition.type_, Cow::Borrowed("Ready")));
        assert!(matches!(condition.reason, Cow::Borrowed("TestPassed")));
        assert_eq!(condition.status, "Odd");
        assert_eq!(serde_json::to_value(condition).unwrap(), text);
    }
}
