//! The three kinds, and what happened to them.

use k8s_openapi::api::events::v1::Event;
use kube::{Api, Resource, api::ListParams, core::NamespaceResourceScope};
use pingone_aic_operator::api::{AICIntegration, PingOneConnection, Promotion};
use serde::{Serialize, de::DeserializeOwned};

use super::Bundle;
use crate::{cluster::Cluster, failure::Failure};

pub async fn collect(cluster: &Cluster, in_all_namespaces: bool, bundle: &mut Bundle) {
    kind::<PingOneConnection>(cluster, in_all_namespaces, bundle).await;
    kind::<AICIntegration>(cluster, in_all_namespaces, bundle).await;
    kind::<Promotion>(cluster, in_all_namespaces, bundle).await;
    let events = events(cluster, in_all_namespaces).await;
    bundle.add_or_note("events.yaml", events.map(|events| yaml(&events)));
}

async fn kind<K>(cluster: &Cluster, in_all_namespaces: bool, bundle: &mut Bundle)
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned
        + Serialize,
{
    let listed = cluster.list::<K>(in_all_namespaces).await;
    let texts = listed.map(|mut objects| {
        for object in &mut objects {
            let meta = object.meta_mut();
            meta.managed_fields = None;
            // Whoever applies an object, and other tools, write there what they like.
            for value in meta
                .annotations
                .iter_mut()
                .flat_map(|annotations| annotations.values_mut())
            {
                "[redacted]".clone_into(value);
            }
        }
        yaml(&objects)
    });
    bundle.add_or_note(format!("objects/{}.yaml", K::plural(&())), texts);
}

/// The events of the operator's kinds.
async fn events(cluster: &Cluster, in_all_namespaces: bool) -> Result<Vec<Event>, Failure> {
    let api: Api<Event> = if in_all_namespaces {
        Api::all(cluster.client.clone())
    } else {
        cluster.api()
    };
    let listed = api.list(&ListParams::default()).await;
    let mut events = listed.map_err(|error| Failure::of("events", &error))?.items;
    events.retain(|event| {
        let version = event
            .regarding
            .as_ref()
            .and_then(|object| object.api_version.as_deref());
        version.is_some_and(|version| version.starts_with("pingone-aic.io/"))
    });
    for event in &mut events {
        event.metadata.managed_fields = None;
    }
    Ok(events)
}

fn yaml(objects: &impl Serialize) -> String {
    serde_saphyr::to_string(objects).unwrap_or_default()
}
