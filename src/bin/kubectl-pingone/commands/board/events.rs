//! What happened to a run, as far as whoever started the board may read events.

use k8s_openapi::{api::events::v1::Event, jiff::Timestamp};
use kube::{Api, api::ListParams};

use crate::{cluster::Cluster, failure::Failure};

/// One thing that happened.
pub struct Happened {
    pub at: Option<Timestamp>,
    pub is_warning: bool,
    pub reason: String,
    pub note: String,
}

/// The events of a run, the newest first; or why they cannot be read.
pub async fn of_run(cluster: &Cluster, namespace: &str, name: &str) -> Result<Vec<Happened>, String> {
    let api: Api<Event> = Api::namespaced(cluster.client.clone(), namespace);
    let fields = format!("regarding.kind=Promotion,regarding.name={name}");
    let listed = api.list(&ListParams::default().fields(&fields)).await;
    let listed = listed.map_err(|error| Failure::of("events", &error).to_string())?;
    let mut all: Vec<_> = listed.items.into_iter().map(happened).collect();
    all.sort_by_key(|event| std::cmp::Reverse(event.at));
    Ok(all)
}

fn happened(event: Event) -> Happened {
    let last = event.series.map(|series| series.last_observed_time.0);
    Happened {
        at: last.or(event.event_time.map(|time| time.0)),
        is_warning: event.type_.as_deref() == Some("Warning"),
        reason: event.reason.unwrap_or_default(),
        note: event.note.unwrap_or_default(),
    }
}
