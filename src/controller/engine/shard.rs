//! One of several Helm releases that divide a cluster's objects by labels. It reconciles those that `--selector`
//! matches.

use std::{collections::BTreeSet, fmt::Debug, sync::Arc, time::Duration};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{
    Api, Client, Resource,
    api::ListParams,
    core::{NamespaceResourceScope, PartialObjectMeta, Selector, SelectorExt},
    runtime::watcher,
};
use serde::de::DeserializeOwned;

use super::watch;
use crate::{clock::Clock, http::SingleFlight};

/// How long an answer about other releases is cached, because each reconciliation asks.
const BELIEVED_FOR: Duration = Duration::from_mins(1);

/// The objects of this release. Clones share one state.
#[derive(Clone)]
pub(crate) struct Shard {
    clock: Clock,
    /// `None`: all objects.
    selector: Option<Arc<Selector>>,
    namespaces: Arc<[Option<String>]>,
    elsewhere: SingleFlight<String, Arc<[ObjectMeta]>, String>,
}

/// The namespaces to watch; `None` for all.
pub(crate) fn named(names: &[String]) -> Vec<Option<String>> {
    let names: BTreeSet<_> = names.iter().filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        vec![None]
    } else {
        names.into_iter().cloned().map(Some).collect()
    }
}

impl Shard {
    /// The objects in these namespaces (if none, in all) that have these labels (if none, all objects).
    pub(crate) fn new(namespaces: &[String], selector: Option<Selector>, clock: Clock) -> Self {
        Self {
            elsewhere: SingleFlight::new(clock.clone()),
            clock,
            selector: selector.map(Arc::new),
            namespaces: named(namespaces).into(),
        }
    }

    /// The watched namespaces; `None` for all.
    pub(crate) fn namespaces(&self) -> &[Option<String>] {
        &self.namespaces
    }

    /// What to watch of a kind whose objects go to another release when their labels change.
    pub(crate) fn watched(&self) -> watcher::Config {
        let all = watcher::Config::default();
        match &self.selector {
            Some(selector) => all.labels_from(selector),
            None => all,
        }
    }

    /// Whether an object belongs to this release.
    pub(crate) fn has(&self, meta: &ObjectMeta) -> bool {
        let Some(selector) = &self.selector else {
            return true;
        };
        selector.matches(&meta.labels.clone().unwrap_or_default())
    }

    /// Why an object is not known here, if it exists and belongs to another release.
    pub(crate) async fn why_not<K>(
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
        let found = api.list(&watch::of_name(name)).await?.items.pop();
        Ok(found.filter(|found| !self.has(found.meta())).map(|_| {
            format!(
                "{} {name} exists, and this Helm release reconciles only objects with {selector}: give both objects the same labels",
                K::kind(&())
            )
        }))
    }

    /// The objects of a kind with this field (`path=value`) that belong to other releases.
    pub(crate) async fn elsewhere<K>(
        &self,
        client: &Client,
        field: String,
    ) -> Result<Arc<[ObjectMeta]>, String>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
    {
        if self.selector.is_none() {
            return Ok(Arc::default());
        }
        let ask = async || {
            let found = self.list_elsewhere::<K>(client, &field).await;
            let believed_until = match &found {
                Ok(_) => self.clock.instant() + BELIEVED_FOR,
                Err(_) => self.clock.instant(),
            };
            (found.map_err(|error| error.to_string()), believed_until)
        };
        self.elsewhere.get(format!("{} {field}", K::kind(&())), ask).await
    }

    async fn list_elsewhere<K>(&self, client: &Client, field: &str) -> Result<Arc<[ObjectMeta]>, kube::Error>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
    {
        let there = ListParams::default().fields(field);
        let mut found = Vec::new();
        for namespace in self.namespaces() {
            let api: Api<PartialObjectMeta<K>> = watch::api(client, namespace.as_deref());
            let all = api.list(&there).await?.items.into_iter();
            found.extend(all.map(|it| it.metadata).filter(|meta| !self.has(meta)));
        }
        Ok(found.into())
    }
}

impl Debug for Shard {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Shard").field(&self.selector).finish()
    }
}
