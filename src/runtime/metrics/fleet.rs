//! The health of all objects, from the caches at the moment of a scrape. No label names an object.

#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
    time::Duration,
};

use k8s_openapi::jiff::Timestamp;
use kube::Resource;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet},
    metrics::MetricType,
};

use crate::api::{
    AICIntegration, Conditions, PingOneConnection, Promotion, PromotionMode, PromotionPhase, Word,
    conditions::{ACTIVE, READY, STALLED},
};

/// All objects at one moment.
pub struct Fleet {
    /// Of all watched namespaces.
    pub connections: Vec<Arc<PingOneConnection>>,
    /// Of all watched namespaces.
    pub integrations: Vec<Arc<AICIntegration>>,
    /// Of all watched namespaces.
    pub promotions: Vec<Arc<Promotion>>,
    /// The moment.
    pub now: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EncodeLabelSet)]
struct ConditionLabels {
    kind: &'static str,
    /// Empty where the kind has none.
    environment: &'static str,
    r#type: &'static str,
    status: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EncodeLabelSet)]
struct PromotionLabels {
    phase: &'static str,
    reason: &'static str,
    stalled: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EncodeLabelSet)]
struct LostLabels {
    environment: &'static str,
    reason: &'static str,
}

/// What a scrape tells of a fleet.
#[derive(Debug, Default, PartialEq)]
pub(super) struct FleetHealth {
    conditions: BTreeMap<ConditionLabels, usize>,
    promotions: BTreeMap<PromotionLabels, usize>,
    active_lost: BTreeMap<LostLabels, usize>,
    longest_unserved: Duration,
    locks_overdue: usize,
}

impl FleetHealth {
    /// Counts the objects. A run counts to its very end, because its lock may be open while it is being deleted.
    pub(super) fn of(fleet: &Fleet) -> Self {
        let mut health = Self::default();
        for connection in alive(&fleet.connections) {
            if let Some(status) = &connection.status {
                health.count("PingOneConnection", "", &status.conditions);
            }
        }
        for integration in alive(&fleet.integrations) {
            health.look_at_integration(integration, fleet.now);
        }
        let newest = newest_runs(&fleet.promotions);
        for run in &fleet.promotions {
            health.look_at_run(run, fleet.now, &newest);
        }
        health
    }

    fn count(&mut self, kind: &'static str, environment: &'static str, conditions: &Conditions) {
        for condition in conditions.iter() {
            let labels = ConditionLabels {
                kind,
                environment,
                r#type: known(&condition.type_),
                status: known(&condition.status),
                reason: known(&condition.reason),
            };
            *self.conditions.entry(labels).or_default() += 1;
        }
    }

    fn look_at_integration(&mut self, integration: &AICIntegration, now: Timestamp) {
        let Some(status) = &integration.status else { return };
        let environment = integration.spec.tenant.environment.as_str();
        self.count("AICIntegration", environment, &status.conditions);
        let active = status.conditions.get(ACTIVE);
        if let (Some(_), Some(active)) = (&status.credential_id, active)
            && active.status != "True"
        {
            let reason = known(&active.reason);
            *self
                .active_lost
                .entry(LostLabels { environment, reason })
                .or_default() += 1;
        }
        let Some(esv) = &status.esv else { return };
        let since = esv
            .unproven_since
            .as_ref()
            .and_then(|at| at.parse::<Timestamp>().ok());
        // The first credential of all takes the time that it takes: nothing has worked before.
        if let Some(since) = since.filter(|_| esv.proven_digest.is_some()) {
            let waited = now.duration_since(since).try_into().unwrap_or_default();
            self.longest_unserved = self.longest_unserved.max(waited);
        }
    }

    fn look_at_run(&mut self, run: &Promotion, now: Timestamp, newest: &NewestRuns<'_>) {
        let Some(status) = &run.status else { return };
        self.count("Promotion", "", &status.conditions);
        let timeouts = &run.spec.timeouts;
        let allowed = Duration::from(timeouts.lock) + Duration::from(timeouts.promotion);
        let held = status.stages.iter().filter_map(|stage| stage.open_lock());
        let is_overdue = held
            .map(|lock| now.duration_since(lock.requested_at.0))
            .any(|held| Duration::try_from(held).is_ok_and(|held| held > allowed));
        self.locks_overdue += usize::from(is_overdue);
        let is_over = status.phase.is_some_and(PromotionPhase::is_terminal);
        if is_over && is_followed(run, newest) {
            return;
        }
        let labels = PromotionLabels {
            phase: status.phase.map_or("", PromotionPhase::as_str),
            reason: status
                .conditions
                .get(READY)
                .map_or("", |ready| known(&ready.reason)),
            stalled: if status.conditions.is_true(STALLED) {
                "true"
            } else {
                "false"
            },
        };
        *self.promotions.entry(labels).or_default() += 1;
    }
}

impl Collector for FleetHealth {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        counted(
            &mut encoder,
            "conditions",
            "Conditions of all objects; environment is an integration's",
            &self.conditions,
        )?;
        counted(
            &mut encoder,
            "promotions",
            "Promotions, but for those that are over and that a newer one of the same integrations follows",
            &self.promotions,
        )?;
        counted(
            &mut encoder,
            "integrations_active_lost",
            "Integrations that have been Active and are not now, by the reason",
            &self.active_lost,
        )?;
        encoder
            .encode_descriptor(
                "rotation_oldest_unserved_seconds",
                "How long ago the oldest new credential was written that no test has passed with",
                None,
                MetricType::Gauge,
            )?
            .encode_gauge(&self.longest_unserved.as_secs_f64())?;
        encoder
            .encode_descriptor(
                "promotion_locks_overdue",
                "Promotions whose lock is older than their timeouts for the lock and the promotion allow",
                None,
                MetricType::Gauge,
            )?
            .encode_gauge(&number(self.locks_overdue))
    }
}

/// The objects that are not being deleted.
fn alive<K: Resource>(objects: &[Arc<K>]) -> impl Iterator<Item = &K> {
    let objects = objects.iter().map(AsRef::as_ref);
    objects.filter(|object| object.meta().deletion_timestamp.is_none())
}

/// The newest run of each integration, which has a namespace and a name.
type NewestRuns<'a> = HashMap<(&'a str, &'a str), Age<'a>>;

/// When a run was created, and its name: of runs of one second the later name counts as newer.
type Age<'a> = (Timestamp, &'a str);

fn newest_runs(runs: &[Arc<Promotion>]) -> NewestRuns<'_> {
    let mut newest = NewestRuns::new();
    for run in alive(runs).filter(|run| run.spec.mode == PromotionMode::Promote) {
        let age = age(run);
        for integration in integrations(run) {
            let newest = newest.entry(integration).or_insert(age);
            *newest = (*newest).max(age);
        }
    }
    newest
}

fn is_followed(run: &Promotion, newest: &NewestRuns<'_>) -> bool {
    let age = age(run);
    integrations(run).any(|integration| newest.get(&integration).is_some_and(|newest| *newest > age))
}

fn age(run: &Promotion) -> Age<'_> {
    let created = run.metadata.creation_timestamp.as_ref().map(|time| time.0);
    let name = run.metadata.name.as_deref();
    (created.unwrap_or_default(), name.unwrap_or_default())
}

/// The integrations of a run.
fn integrations(run: &Promotion) -> impl Iterator<Item = (&str, &str)> {
    let namespace = run.metadata.namespace.as_deref().unwrap_or_default();
    let names = run.spec.order.iter().flat_map(|stage| &stage.integrations);
    names.map(move |name| (namespace, name.as_str()))
}

/// A word of the operator's. Another party's would be a label without bound.
pub(super) fn known(word: &Word) -> &'static str {
    match word {
        Cow::Borrowed(word) => word,
        Cow::Owned(_) => "Other",
    }
}

fn counted<L: EncodeLabelSet>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    counts: &BTreeMap<L, usize>,
) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (labels, count) in counts {
        metric.encode_family(labels)?.encode_gauge(&number(*count))?;
    }
    Ok(())
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
