//! Who occupies an environment: a run does from the intent to lock it to the end of the stage's verification.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use k8s_openapi::jiff::Timestamp;
use kube::{Resource, ResourceExt};

use super::{
    super::wake::{Asked, asked_for},
    run::Run,
};
use crate::{
    api::{Promotion, PromotionPhase, StageStatus},
    http::Host,
};

/// What is asked of a run, its annotations included, and what it tells the others: whom it stands in the way of.
pub(in super::super) type Told = (Asked, Option<PromotionPhase>, Vec<String>);

pub(in super::super) fn told_of(promotion: &Promotion) -> Told {
    let mut asked = DefaultHasher::new();
    // It is watched whatever its labels are, and they tell whose it is.
    (asked_for(promotion), &promotion.metadata.labels).hash(&mut asked);
    let status = promotion.status.as_ref();
    let occupied = status.map(|status| {
        let occupied = status.stages.iter().filter(|stage| stage.occupies());
        occupied.flat_map(hosts).map(ToOwned::to_owned).collect()
    });
    (
        asked.finish(),
        status.and_then(|status| status.phase),
        occupied.unwrap_or_default(),
    )
}

fn hosts(stage: &StageStatus) -> impl Iterator<Item = &str> {
    stage
        .target
        .iter()
        .flat_map(|target| [target.lower_host.as_str(), target.upper_host.as_str()])
}

impl Run<'_> {
    /// The run that stands in the way: one that occupies a host, or an elder one that is queued for it.
    pub(super) fn in_the_way(&self, wanted: [&Host; 2]) -> Option<String> {
        let wanted: BTreeSet<&str> = wanted.iter().map(|host| host.as_str()).collect();
        let is_wanted = |stage: &StageStatus| hosts(stage).any(|host| wanted.contains(host));
        let stands_in_the_way = |other: &Promotion| {
            let Some(status) = &other.status else { return false };
            let is_queued = status.phase == Some(PromotionPhase::Queued) && age(other) < age(&self.object);
            other.meta().uid.as_ref() != Some(&self.uid)
                && status.stages.iter().any(|stage| {
                    (stage.occupies() || (is_queued && stage.step.is_none())) && is_wanted(stage)
                })
        };
        self.scope
            .promotions
            .find(stands_in_the_way)
            .map(|other| format!("{}/{}", other.namespace().unwrap_or_default(), other.name_any()))
    }
}

fn age(object: &Promotion) -> (Option<Timestamp>, Option<&str>) {
    let meta = object.meta();
    (
        meta.creation_timestamp.as_ref().map(|time| time.0),
        meta.uid.as_deref(),
    )
}
