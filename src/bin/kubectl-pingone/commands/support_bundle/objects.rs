//! The three kinds, and what happened to them.

use k8s_openapi::{api::events::v1::Event, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{Api, Resource, api::ListParams, core::NamespaceResourceScope};
use pingone_aic_operator::api::{AICIntegration, ANNOTATION_PREFIX, PingOneConnection, Promotion};
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
            without_notes(object.meta_mut());
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
        without_notes(&mut event.metadata);
    }
    Ok(events)
}

/// Without what others write there: whoever applies an object, and tools, put into annotations what they like.
fn without_notes(meta: &mut ObjectMeta) {
    meta.managed_fields = None;
    let annotations = meta.annotations.iter_mut().flatten();
    for (_, value) in annotations.filter(|(name, _)| !name.starts_with(ANNOTATION_PREFIX)) {
        "[redacted]".clone_into(value);
    }
}

fn yaml(objects: &impl Serialize) -> String {
    serde_saphyr::to_string(objects).unwrap_or_default()
}
