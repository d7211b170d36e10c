//! All objects, in the order in which people think of them: groups of environments that a release goes through.

#[cfg(test)]
mod tests;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::{Resource as _, ResourceExt as _};
use pingone_aic_operator::api::{AICIntegration, PingOneConnection, Promotion};

use crate::{cluster::Cluster, failure::Failure};

/// The objects of a namespace or a cluster.
#[derive(Default)]
pub struct Fleet {
    pub connections: Vec<Arc<PingOneConnection>>,
    pub integrations: Vec<Arc<AICIntegration>>,
    pub promotions: Vec<Arc<Promotion>>,
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
            connections: shared(connections),
            integrations: shared(integrations),
            promotions: shared(promotions),
        })
    }

    /// All groups, by namespace. Of each namespace the last may be one without runs: of the integrations that the newest
    /// runs do not name, and of connections that no integration uses.
    pub fn groups(&self) -> Vec<Group<'_>> {
        let mut namespaces: BTreeMap<&str, Namespace<'_>> = BTreeMap::new();
        for object in &self.connections {
            let here = namespaces.entry(namespace(object.meta())).or_default();
            here.connections.insert(name(object.meta()), object);
        }
        for object in &self.integrations {
            let here = namespaces.entry(namespace(object.meta())).or_default();
            here.integrations.insert(name(object.meta()), object);
        }
        for run in &self.promotions {
            let here = namespaces.entry(namespace(run.meta())).or_default();
            here.runs.push(run);
        }
        namespaces
            .iter()
            .flat_map(|(name, here)| here.groups(name))
            .collect()
    }
}

/// The objects of one namespace, by their names.
#[derive(Default)]
struct Namespace<'a> {
    connections: BTreeMap<&'a str, &'a PingOneConnection>,
    integrations: BTreeMap<&'a str, &'a AICIntegration>,
    runs: Vec<&'a Promotion>,
}

impl<'a> Namespace<'a> {
    fn groups(&self, namespace: &str) -> Vec<Group<'a>> {
        let mut groups = Vec::new();
        let mut named = BTreeSet::new();
        for runs in joined(&self.runs) {
            let environments = runs[0].spec.order.iter().map(|stage| Environment {
                name: stage.name.clone(),
                integrations: stage.integrations.iter().map(|name| self.member(name)).collect(),
            });
            named.extend(integrations(runs[0]));
            groups.push(Group {
                namespace: namespace.to_owned(),
                environments: environments.collect(),
                runs,
                unused: Vec::new(),
            });
        }
        let (environments, unused) = (self.in_no_run(&named), self.unused());
        if !environments.is_empty() || !unused.is_empty() {
            groups.push(Group {
                namespace: namespace.to_owned(),
                environments,
                runs: Vec::new(),
                unused,
            });
        }
        groups
    }

    fn in_no_run(&self, named: &BTreeSet<&str>) -> Vec<Environment<'a>> {
        let mut alone: BTreeMap<&str, Vec<Member<'a>>> = BTreeMap::new();
        for (name, integration) in self
            .integrations
            .iter()
            .filter(|(name, _)| !named.contains(*name))
        {
            let environment = integration.spec.tenant.environment.as_str();
            alone.entry(environment).or_default().push(self.member(name));
        }
        let environment = |(name, integrations): (&str, _)| Environment {
            name: name.to_owned(),
            integrations,
        };
        alone.into_iter().map(environment).collect()
    }

    fn unused(&self) -> Vec<&'a PingOneConnection> {
        let used: BTreeSet<_> = self
            .integrations
            .values()
            .map(|it| &*it.spec.connection_ref.name)
            .collect();
        let unused = self.connections.iter().filter(|(name, _)| !used.contains(*name));
        unused.map(|(_, connection)| *connection).collect()
    }

    fn member(&self, name: &str) -> Member<'a> {
        let integration = self.integrations.get(name).copied();
        let connection = integration.and_then(|it| self.connections.get(&*it.spec.connection_ref.name));
        Member {
            name: name.to_owned(),
            integration,
            connection: connection.copied(),
        }
    }
}

fn shared<K>(objects: Vec<K>) -> Vec<Arc<K>> {
    objects.into_iter().map(Arc::new).collect()
}

fn namespace(meta: &ObjectMeta) -> &str {
    meta.namespace.as_deref().unwrap_or_default()
}

fn name(meta: &ObjectMeta) -> &str {
    meta.name.as_deref().unwrap_or_default()
}

fn integrations(run: &Promotion) -> impl Iterator<Item = &str> {
    let stages = run.spec.order.iter();
    stages.flat_map(|stage| stage.integrations.iter().map(String::as_str))
}

fn newest_first(run: &Promotion) -> (Reverse<Option<Time>>, String) {
    (Reverse(run.creation_timestamp()), run.name_any())
}

/// Runs that share an integration belong together.
fn joined<'a>(runs: &[&'a Promotion]) -> Vec<Vec<&'a Promotion>> {
    let mut groups: Vec<(BTreeSet<&str>, Vec<&Promotion>)> = Vec::new();
    for &run in runs {
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
