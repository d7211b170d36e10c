//! All objects, in the order in which people think of them: groups of environments that a release goes through.

#[cfg(test)]
mod tests;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use pingone_aic_operator::api::{AICIntegration, PingOneConnection, Promotion};

use crate::{cluster::Cluster, failure::Failure};

/// The objects of a namespace or a cluster.
#[derive(Default)]
pub struct Fleet {
    pub connections: Vec<PingOneConnection>,
    pub integrations: Vec<AICIntegration>,
    pub promotions: Vec<Promotion>,
}

/// The environments that runs join.
pub struct Group<'a> {
    pub namespace: String,
    /// The lowest first, as the newest run orders them.
    pub environments: Vec<Environment<'a>>,
    /// The newest first.
    pub runs: Vec<&'a Promotion>,
    /// Connections that no integration uses.
    pub unused: Vec<&'a PingOneConnection>,
}

/// A stage of a group, or an integration that no run names.
pub struct Environment<'a> {
    pub name: String,
    pub integrations: Vec<Member<'a>>,
}

/// An integration that a run names, which may not be there.
pub struct Member<'a> {
    pub name: String,
    pub integration: Option<&'a AICIntegration>,
    pub connection: Option<&'a PingOneConnection>,
}

impl Fleet {
    pub async fn load(cluster: &Cluster, in_all_namespaces: bool) -> Result<Self, Failure> {
        let (connections, integrations, promotions) = futures::try_join!(
            cluster.list(in_all_namespaces),
            cluster.list(in_all_namespaces),
            cluster.list(in_all_namespaces),
        )?;
        Ok(Self {
            connections,
            integrations,
            promotions,
        })
    }

    /// All groups, by namespace. Of each namespace the last may be one without runs: of the integrations that the newest
    /// runs do not name, and of connections that no integration uses.
    pub fn groups(&self) -> Vec<Group<'_>> {
        let mut by_namespace: BTreeMap<String, Vec<&Promotion>> = BTreeMap::new();
        for object in &self.integrations {
            by_namespace.entry(namespace(object)).or_default();
        }
        for object in &self.connections {
            by_namespace.entry(namespace(object)).or_default();
        }
        for run in &self.promotions {
            by_namespace.entry(namespace(run)).or_default().push(run);
        }
        let mut groups = Vec::new();
        for (namespace, runs) in by_namespace {
            let mut named = BTreeSet::new();
            for runs in joined(runs) {
                let environments = runs[0].spec.order.iter().map(|stage| Environment {
                    name: stage.name.clone(),
                    integrations: stage
                        .integrations
                        .iter()
                        .map(|name| self.member(&namespace, name))
                        .collect(),
                });
                let environments: Vec<_> = environments.collect();
                named.extend(integrations(runs[0]));
                groups.push(Group {
                    namespace: namespace.clone(),
                    environments,
                    runs,
                    unused: Vec::new(),
                });
            }
            let (environments, unused) = (self.in_no_run(&namespace, &named), self.unused(&namespace));
            if !environments.is_empty() || !unused.is_empty() {
                groups.push(Group {
                    namespace,
                    environments,
                    runs: Vec::new(),
                    unused,
                });
            }
        }
        groups
    }

    fn in_no_run(&self, place: &str, named: &BTreeSet<&str>) -> Vec<Environment<'_>> {
        let mut alone: BTreeMap<String, Vec<Member<'_>>> = BTreeMap::new();
        for integration in &self.integrations {
            let name = integration.name_any();
            if namespace(integration) == place && !named.contains(name.as_str()) {
                let environment = integration.spec.tenant.environment.as_str().to_owned();
                alone
                    .entry(environment)
                    .or_default()
                    .push(self.member(place, &name));
            }
        }
        let environment = |(name, integrations)| Environment { name, integrations };
        alone.into_iter().map(environment).collect()
    }

    fn unused(&self, place: &str) -> Vec<&PingOneConnection> {
        let is_used = |connection: &PingOneConnection| {
            let name = connection.name_any();
            let mut all = self.integrations.iter();
            all.any(|it| namespace(it) == place && it.spec.connection_ref.name == name)
        };
        let here = self.connections.iter().filter(|it| namespace(*it) == place);
        here.filter(|it| !is_used(it)).collect()
    }

    fn member(&self, place: &str, name: &str) -> Member<'_> {
        let mut all = self.integrations.iter();
        let integration = all.find(|it| namespace(*it) == place && it.name_any() == name);
        let connection = integration.and_then(|integration| {
            let name = &integration.spec.connection_ref.name;
            let mut all = self.connections.iter();
            all.find(|it| namespace(*it) == place && it.name_any() == *name)
        });
        Member {
            name: name.to_owned(),
            integration,
            connection,
        }
    }
}

fn namespace(object: &impl ResourceExt) -> String {
    object.namespace().unwrap_or_default()
}

fn integrations(run: &Promotion) -> impl Iterator<Item = &str> {
    let stages = run.spec.order.iter();
    stages.flat_map(|stage| stage.integrations.iter().map(String::as_str))
}

fn newest_first(run: &Promotion) -> (Reverse<Option<Time>>, String) {
    (Reverse(run.creation_timestamp()), run.name_any())
}

/// Runs that share an integration belong together.
fn joined(runs: Vec<&Promotion>) -> Vec<Vec<&Promotion>> {
    let mut groups: Vec<(BTreeSet<&str>, Vec<&Promotion>)> = Vec::new();
    for run in runs {
        let mut names: BTreeSet<_> = integrations(run).collect();
        let mut together = Vec::new();
        let mut apart = Vec::new();
        for (theirs, members) in groups {
            if theirs.is_disjoint(&names) {
                apart.push((theirs, members));
            } else {
                names.extend(theirs);
                together.extend(members);
            }
        }
        together.push(run);
        apart.push((names, together));
        groups = apart;
    }
    let mut groups: Vec<_> = groups.into_iter().map(|(_, runs)| runs).collect();
    for runs in &mut groups {
        runs.sort_by_key(|run| newest_first(run));
    }
    groups.sort_by_key(|runs| runs[0].spec.order[0].integrations.clone());
    groups
}
