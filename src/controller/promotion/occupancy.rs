//! Which run occupies an environment: from the intent to lock it to the end of the stage's verification.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use kube::{Resource, ResourceExt};

use super::run::Run;
use crate::{
    api::{Promotion, PromotionPhase, StageStatus},
    controller::engine::{
        stores::age,
        watch::{Asked, asked_for},
    },
    http::Host,
};

/// A fingerprint of a run: what users set, annotations included, and what other runs wait for.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Told {
    pub(in super::super) asked: Asked,
    phase: Option<PromotionPhase>,
    occupied: Vec<String>,
    /// Where it has a lock.
    locked: Vec<String>,
}

impl Told {
    /// Whether it waits for another run.
    pub(in super::super) fn is_queued(&self) -> bool {
        self.phase == Some(PromotionPhase::Queued)
    }

    /// The hosts that were locked until then.
    pub(in super::super) fn locked_until(self, then: &Self) -> Vec<String> {
        let hosts = self.locked.into_iter();
        hosts.filter(|host| !then.locked.contains(host)).collect()
    }
}

pub(in super::super) fn told_of(promotion: &Promotion) -> Told {
    let mut asked = DefaultHasher::new();
    // It is watched whatever its labels are, and the labels tell which release it belongs to.
    (asked_for(promotion), &promotion.metadata.labels).hash(&mut asked);
    let status = promotion.status.as_ref();
    let hosts_of = |is: fn(&StageStatus) -> bool| {
        let stages = status.into_iter().flat_map(|status| &status.stages);
        let hosts = stages.filter(|stage| is(stage)).flat_map(hosts);
        hosts.map(ToOwned::to_owned).collect()
    };
    Told {
        asked: asked.finish(),
        phase: status.and_then(|status| status.phase),
        occupied: hosts_of(StageStatus::occupies),
        locked: hosts_of(has_lock),
    }
}

/// Whether the stage has a lock, and has not only requested one.
fn has_lock(stage: &StageStatus) -> bool {
    stage.open_lock().is_some_and(|lock| lock.id.is_some())
}

fn hosts(stage: &StageStatus) -> impl Iterator<Item = &str> {
    stage
        .target
        .iter()
        .flat_map(|target| [target.lower_host.as_str(), target.upper_host.as_str()])
}

impl Run<'_> {
    /// The run to wait for: one that occupies a host, or an older one that is queued for it.
    pub(super) fn in_the_way(&self, wanted: [&Host; 2]) -> Option<String> {
        let wanted: BTreeSet<&str> = wanted.iter().map(|host| host.as_str()).collect();
        let is_wanted = |stage: &StageStatus| hosts(stage).any(|host| wanted.contains(host));
        let stands_in_the_way = |other: &Promotion| {
            let Some(status) = &other.status else { return false };
            let is_queued =
                status.phase == Some(PromotionPhase::Queued) && age(other.meta()) < age(self.object.meta());
            other.meta().uid.as_ref() != Some(&self.uid)
                && status.stages.iter().any(|stage| {
                    (stage.occupies() || (is_queued && stage.step.is_none())) && is_wanted(stage)
                })
        };
        self.scope
            .all_promotions
            .find(stands_in_the_way)
            .map(|other| format!("{}/{}", other.namespace().unwrap_or_default(), other.name_any()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_lock_that_was_given_and_is_gone_tells_of_both_of_its_hosts() {
        let told = |step: &str, id: Option<&str>| {
            let lock = json!({"attempt": "a", "requestedAt": "2026-01-01T00:00:00Z", "id": id});
            let secret = json!({"name": "s"});
            let target =
                json!({"lowerHost": "lower", "upperHost": "upper", "serviceAccountSecretRef": secret});
            let stages = json!([{"name": "s", "step": step, "lock": lock, "target": target}]);
            let promotion: Promotion = serde_json::from_value(json!({
                "metadata": {"name": "p"}, "spec": {"order": [], "upTo": ""},
                "status": {"observedGeneration": 1, "stages": stages},
            }))
            .unwrap();
            told_of(&promotion)
        };
        let mine = Some("mine");
        for (before, after, unlocked) in [
            (
                told("Unlocking", mine),
                told("Verifying", mine),
                ["lower", "upper"].as_slice(),
            ),
            (told("Unlocking", mine), told("Done", mine), &["lower", "upper"]),
            (told("DryRun", mine), told("Unlocking", mine), &[]),
            (told("Verifying", mine), told("Done", mine), &[]),
            (told("LockRequested", None), told("Locking", mine), &[]),
            // Nothing was locked.
            (told("LockRequested", None), told("Done", None), &[]),
        ] {
            assert_eq!(before.locked_until(&after), unlocked);
        }
    }
}
