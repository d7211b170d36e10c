//! Conditions as kstatus reads them: `Ready` always, `Reconciling` and `Stalled` only while True and never together.

mod finding;

use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::{Condition as KubernetesCondition, Time},
    jiff::Timestamp,
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::{
    Condition, Reason, clip,
    condition::{RECONCILING, TYPES},
};

pub use super::condition::{
    ACTIVE, CREDENTIAL_VALID, ESV_READY, READY, SECRET_MAPPED, STALLED, WORKER_READY,
};
pub use finding::{Conclusion, Finding};

/// In bytes.
pub const LONGEST_MESSAGE: usize = 2000;

/// The conditions of an object, one a type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Conditions(
    #[serde(deserialize_with = "just_as_long")]
    #[schemars(with = "Vec<KubernetesCondition>")]
    Vec<Condition>,
);

/// What is read into a list that grows has room for more than will come: thousands of these are kept.
fn just_as_long<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Condition>, D::Error> {
    let mut read = Vec::deserialize(deserializer)?;
    // Not shrunk: an allocator may leave what is shrunk in its place.
    let mut conditions = Vec::with_capacity(read.len());
    conditions.append(&mut read);
    Ok(conditions)
}

/// What `Active` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Active {
    /// Proved.
    True,
    /// Refuted.
    False,
    /// Not asked, or cannot be asked.
    Unknown,
}

impl Conditions {
    /// Whether there is none yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Condition> {
        self.0.iter()
    }

    /// The condition of a type.
    #[must_use]
    pub fn get(&self, type_: &str) -> Option<&Condition> {
        self.0.iter().find(|condition| condition.type_ == type_)
    }

    /// Whether the condition of a type is there and True.
    #[must_use]
    pub fn is_true(&self, type_: &str) -> bool {
        self.get(type_)
            .is_some_and(|condition| condition.status == "True")
    }

    /// What `Ready` says for this reason, if it is that.
    #[must_use]
    pub fn said(&self, reason: Reason) -> Option<&str> {
        let ready = self.get(READY)?;
        (ready.reason == reason.as_str()).then_some(&ready.message)
    }

    /// What `Active` says.
    #[must_use]
    pub fn active(&self) -> Active {
        match self.get(ACTIVE).map(|condition| &*condition.status) {
            Some("True") => Active::True,
            Some("False") => Active::False,
            _ => Active::Unknown,
        }
    }

    /// Sets the condition of a type. `lastTransitionTime` moves only when the status flips.
    pub fn set(&mut self, type_: &'static str, finding: &Finding, generation: Option<i64>, now: Timestamp) {
        let status = match finding.status {
            Some(true) => "True",
            Some(false) => "False",
            None => "Unknown",
        };
        // Kubernetes writes times in whole seconds: what is written must equal what is read back.
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let since = match self.get(type_) {
            Some(before) if before.status == status => before.last_transition_time.clone(),
            _ => Time(now),
        };
        self.remove(type_);
        self.0.push(Condition {
            type_: type_.into(),
            status: status.into(),
            reason: finding.reason.as_str().into(),
            message: clip(&finding.message, LONGEST_MESSAGE),
            observed_generation: generation,
            last_transition_time: since,
        });
        self.0.sort_by_key(|condition| position(&condition.type_));
    }

    /// Sets `Ready`, `Reconciling` and `Stalled` from what is left to do.
    pub fn conclude(&mut self, conclusion: &Conclusion, generation: Option<i64>, now: Timestamp) {
        let (ready, also) = match conclusion {
            Conclusion::Done(reason, message) => (Finding::yes(*reason, message), None),
            Conclusion::InProgress(reason, message) => (Finding::no(*reason, message), Some(RECONCILING)),
            Conclusion::Stalled(reason, message) => (Finding::no(*reason, message), Some(STALLED)),
        };
        self.set(READY, &ready, generation, now);
        for type_ in [RECONCILING, STALLED] {
            if also == Some(type_) {
                self.set(
                    type_,
                    &Finding {
                        status: Some(true),
                        ..ready.clone()
                    },
                    generation,
                    now,
                );
            } else {
                self.remove(type_);
            }
        }
    }

    fn remove(&mut self, type_: &str) {
        self.0.retain(|condition| condition.type_ != type_);
    }
}

fn position(type_: &str) -> usize {
    let place = TYPES.iter().position(|known| *known == type_);
    place.unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_transition_time_moves_only_when_the_status_flips() {
        let mut conditions = Conditions::default();
        conditions.set(
            ACTIVE,
            &Finding::no(Reason::TenantUnavailable, "away"),
            Some(1),
            at(1),
        );
        conditions.set(
            ACTIVE,
            &Finding::no(Reason::AwaitingPromotion, "waits"),
            Some(1),
            at(2),
        );
        assert_eq!(conditions.get(ACTIVE).unwrap().last_transition_time, Time(at(1)));
        conditions.set(ACTIVE, &Finding::yes(Reason::TestPassed, "works"), Some(1), at(3));
        assert_eq!(conditions.get(ACTIVE).unwrap().last_transition_time, Time(at(3)));
    }

    #[test]
    fn what_is_written_is_what_is_read_back() {
        let mut conditions = Conditions::default();
        let now = "2026-01-01T00:00:00.123456789Z".parse().unwrap();
        conditions.conclude(
            &Conclusion::Done(Reason::TestPassed, "works".into()),
            Some(1),
            now,
        );
        let text = serde_json::to_string(&conditions).unwrap();
        assert_eq!(serde_json::from_str::<Conditions>(&text).unwrap(), conditions);
    }

    #[test]
    fn reconciling_and_stalled_are_never_together_and_gone_when_done() {
        let mut conditions = Conditions::default();
        let says = |conditions: &Conditions| {
            (
                conditions.is_true(READY),
                conditions.get(RECONCILING).is_some(),
                conditions.get(STALLED).is_some(),
            )
        };
        conditions.conclude(
            &Conclusion::InProgress(Reason::TenantUnavailable, String::new()),
            None,
            at(1),
        );
        assert_eq!(says(&conditions), (false, true, false));
        conditions.conclude(
            &Conclusion::Stalled(Reason::HostNotAllowed, String::new()),
            None,
            at(1),
        );
        assert_eq!(says(&conditions), (false, false, true));
        conditions.conclude(&Conclusion::Done(Reason::TestPassed, String::new()), None, at(1));
        assert_eq!(says(&conditions), (true, false, false));
    }

    #[test]
    fn a_message_without_end_is_clipped_at_a_whole_character() {
        let mut conditions = Conditions::default();
        let finding = Finding::yes(Reason::TestPassed, "é".repeat(100_000));
        conditions.set(ACTIVE, &finding, None, at(1));
        let message = &conditions.get(ACTIVE).unwrap().message;
        assert!(
            message.len() <= LONGEST_MESSAGE && message.ends_with("é…"),
            "{message}"
        );
    }

    #[test]
    fn the_order_of_the_list_does_not_depend_on_the_order_of_writing() {
        let (mut one, mut other) = (Conditions::default(), Conditions::default());
        let finding = Finding::yes(Reason::TestPassed, "works");
        for type_ in [READY, ACTIVE, ESV_READY] {
            one.set(type_, &finding, None, at(1));
        }
        for type_ in [ESV_READY, READY, ACTIVE] {
            other.set(type_, &finding, None, at(1));
        }
        assert_eq!(one, other);
    }
}
