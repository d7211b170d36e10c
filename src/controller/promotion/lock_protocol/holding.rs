//! What follows if the content differs or is not known: rows 15b and 15c.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    case::Case,
    content::{Comparison, Source, compare, dry_run_hash, way_to_accept},
    decision::Decision,
    observation::Missing,
    row::Row,
};
use crate::api::{Action, ContentPolicy, HeldStatus, Outcome, PromotionMode, Reason, StageStatus};

/// The decision about the content.
pub(super) enum ContentDecision {
    /// It may be promoted. With a warning, if the policy is to proceed.
    Allows(Option<(Reason, String)>),
    Keeps(Box<Decision>),
}

impl Case<'_> {
    /// Decides whether this content may be promoted. `is_locked` says that the dry run is known.
    pub(super) fn content_decision(&self, is_locked: bool) -> Result<ContentDecision, Missing> {
        let (rules, stage) = (self.rules, self.stage);
        if rules.mode != PromotionMode::Promote || stage.action != Action::Promotion {
            return Ok(ContentDecision::Allows(None));
        }
        let content = self.content()?;
        Ok(match compare(stage, &rules.expected, content, is_locked) {
            Comparison::Same => ContentDecision::Allows(None),
            Comparison::Unknown(why, needs_person) => {
                ContentDecision::Keeps(Box::new(self.content_unknown(is_locked, why, needs_person)))
            }
            Comparison::Differs(reason, why) if rules.expected.policy == ContentPolicy::Proceed => {
                ContentDecision::Allows(Some((reason, why)))
            }
            Comparison::Differs(reason, why) => {
                let source = match &content.source {
                    Source::Newest(id) => Some(id.as_str()),
                    _ => None,
                };
                let hash = dry_run_hash(stage).filter(|_| is_locked);
                let message = format!("{why}. {}", way_to_accept(&stage.name, hash, source));
                ContentDecision::Keeps(Box::new(self.hold(is_locked, reason, message, source)))
            }
        })
    }

    /// Row 15c: the operator waits, and releases the lock after `timeouts.lock`.
    fn content_unknown(&self, is_locked: bool, why: String, needs_person: bool) -> Decision {
        let lock = self.stage.lock.as_ref().filter(|_| is_locked);
        if lock.is_some_and(|lock| self.is_overdue(&lock.requested_at, self.rules.timeouts.lock)) {
            return self.release(Row::R15c, Outcome::Retry, Reason::ContentUnknown, why);
        }
        let message = format!("{why}: the operator checks again");
        self.wait(Row::R15c, Reason::ContentUnknown, needs_person, message)
    }

    /// Row 15b: the operator releases the lock, and a person decides.
    fn hold(&self, is_locked: bool, reason: Reason, message: String, source: Option<&str>) -> Decision {
        let held = HeldStatus {
            reason: reason.as_str().to_owned(),
            message: message.clone(),
            since: Time(self.now),
            up_to: self.rules.expected.up_to.to_owned(),
            approved: self.rules.expected.approved.cloned(),
        };
        let mut stage = if is_locked {
            self.released(Outcome::Held, reason, message)
        } else {
            self.stage.clone()
        };
        if let (Some(dry_run), Some(source)) = (&mut stage.dry_run, source) {
            dry_run.source = Some(source.to_owned());
        }
        Row::R15b.remembers(StageStatus {
            held: Some(held),
            ..stage
        })
    }

    /// The lock of a held stage is gone. The dry run's findings stay in status.
    pub(super) fn held(&self) -> StageStatus {
        StageStatus {
            held: self.stage.held.clone(),
            dry_run: self.stage.dry_run.clone(),
            ..self.anew()
        }
    }
}
