//! One of several installations that divide a cluster's objects by labels: it sees to those that `--selector` matches.

use std::{collections::BTreeSet, fmt::Debug, sync::Arc};

use kube::{
    Api, Client, Resource,
    api::ListParams,
    core::{NamespaceResourceScope, PartialObjectMeta},
    runtime::watcher,
};
use serde::de::DeserializeOwned;

use super::watch;
use crate::api::AICIntegration;

/// The namespaces to watch; `None` stands for all.
pub(super) fn named(names: &[String]) -> Vec<Option<String>> {
    let names: BTreeSet<_> = names.iter().filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        vec![None]
    } else {
        names.into_iter().cloned().map(Some).collect()
    }
}

/// The objects of this installation. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Shard {
    /// `None`: all of them.
    selector: Option<Arc<str>>,
    namespaces: Arc<[Option<String>]>,
}

impl Shard {
    /// In these namespaces (without any, in all), what has these labels (without any, everything).
    pub(super) fn new(namespaces: &[String], selector: Option<&str>) -> Self {
        Self {
            selector: selector.map(Into::into),
            namespaces: named(namespaces).into(),
        }
    }

    /// The namespaces that are watched; `None` stands for all.
    pub(super) fn namespaces(&self) -> &[Option<String>] {
        &self.namespaces
    }

    /// What is watched of each kind.
    pub(super) fn watched(&self) -> watcher::Config {
        let all = watcher::Config::default();
        match &self.selector {
            Some(selector) => all.labels(selector),
            None => all,
        }
    }

    /// The same for a list.
    pub(super) fn listed(&self) -> ListParams {
        let all = ListParams::default();
        match &self.selector {
            Some(selector) => all.labels(selector),
            None => all,
        }
    }

    /// Of an object that is not among those of this installation: why, if it exists.
    pub(super) async fn why_not<K>(
        &self,
        client: &Client,
        namespace: &str,
        name: &str,
    ) -> Result<Option<String>, kube::Error>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
    {
        let Some(selector) = &self.selector else {
            return Ok(None);
        };
        let api: Api<PartialObjectMeta<K>> = Api::namespaced(client.clone(), namespace);
        // A list, which the operator may make anyway.
        let of_this_name = ListParams::default().fields(&format!("metadata.name={name}"));
        let found = api.list(&of_this_name).await?.items.pop();
        Ok(found.map(|_| {
            format!(
                "{} {name} exists, and is not among the objects of this installation, which are those with {selector}: give both objects the same labels",
                K::kind(&())
            )
        }))
    }

    /// All integrations of a tenant, whichever installation they belong to; none where there is but one.
    pub(super) async fn integrations_at(
        &self,
        client: &Client,
        url: &str,
    ) -> Result<Vec<AICIntegration>, kube::Error> {
        let mut found = Vec::new();
        if self.selector.is_some() {
            let there = ListParams::default().fields(&format!("spec.tenant.url={url}"));
            for namespace in self.namespaces() {
                let api: Api<AICIntegration> = watch::api(client, namespace.as_deref());
                found.extend(api.list(&there).await?);
            }
        }
        Ok(found)
    }
}
