//! What follows where the content differs, or cannot be told: rows 15b and 15c.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    act::Act,
    case::Case,
    content::{Comparison, Source, compare, dry_run_hash, way_to_accept},
};
use crate::api::{Action, ContentPolicy, HeldStatus, Outcome, PromotionMode, Reason, StageStatus};

impl Case<'_> {
    /// What keeps this content from being promoted; `None` if nothing does. `is_locked` tells that the dry run is known.
    pub(super) fn content_obstacle(&self, is_locked: bool) -> Option<Act> {
        let (rules, sight, stage) = (self.rules, self.sight, self.stage);
        if rules.mode != PromotionMode::Promote || stage.action != Action::Promotion {
            return None;
        }
        match compare(stage, &rules.expected, &sight.content, is_locked) {
            Comparison::Same => None,
            Comparison::Unknown(why) => Some(self.content_unknown(is_locked, why)),
            Comparison::Differs(..) if rules.expected.policy == ContentPolicy::Proceed => None,
            Comparison::Differs(reason, why) => {
                let source = match &sight.content.source {
                    Source::Newest(id) => Some(id.as_str()),
                    _ => None,
                };
                let hash = dry_run_hash(stage).filter(|_| is_locked);
                let message = format!("{why}. {}", way_to_accept(&stage.name, hash, source));
                Some(self.hold(is_locked, reason, message))
            }
        }
    }

    /// What is warned of where the policy is to proceed.
    pub(super) fn content_warning(&self) -> Option<(Reason, String)> {
        if self.stage.action != Action::Promotion {
            return None;
        }
        match compare(self.stage, &self.rules.expected, &self.sight.content, true) {
            Comparison::Differs(reason, why) => Some((reason, why)),
            Comparison::Same | Comparison::Unknown(_) => None,
        }
    }

    /// Row 15c: the operator waits, and releases the lock after `timeouts.lock`.
    fn content_unknown(&self, is_locked: bool, why: String) -> Act {
        let lock = self.stage.lock.as_ref().filter(|_| is_locked);
        if lock.is_some_and(|lock| self.is_overdue(&lock.requested_at, self.rules.timeouts.lock)) {
            return self.release(Outcome::Retry, Reason::ContentUnknown, why);
        }
        self.wait(
            Reason::ContentUnknown,
            false,
            format!("{why}: the operator looks again"),
        )
    }

    /// Row 15b: the operator releases the lock, and a person decides.
    fn hold(&self, is_locked: bool, reason: Reason, message: String) -> Act {
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
        if let (Some(dry_run), Source::Newest(source)) = (&mut stage.dry_run, &self.sight.content.source) {
            dry_run.source = Some(source.clone());
        }
        Act::Remember(StageStatus {
            held: Some(held),
            ..stage
        })
    }

    /// The lock of a stage that is held is gone. What the dry run found stays, for people to look at.
    pub(super) fn held(&self) -> StageStatus {
        StageStatus {
            held: self.stage.held.clone(),
            dry_run: self.stage.dry_run.clone(),
            ..self.anew()
        }
    }
}
