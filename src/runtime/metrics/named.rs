//! Metrics that name objects and hosts, for those who ask for them: the text is made as it is read, so that a scrape of
//! thousands of objects takes no memory.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write as _,
    iter,
    sync::Arc,
};

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::ObjectMeta, jiff::Timestamp};
use kube::Resource;
use parking_lot::Mutex;

use super::fleet::{Fleet, known};
use crate::{api::Conditions, http::HostLoad};

/// Objects in one piece of the text.
const AT_ONCE: usize = 128;

/// When the last test of each integration passed, by uid. It is kept here and in no status, so that a test that passes
/// again is no write.
#[derive(Default)]
pub(super) struct PassedTests(Mutex<HashMap<uuid::Uuid, Timestamp>>);

impl PassedTests {
    pub(super) fn passed(&self, uid: &str, at: Timestamp) {
        if let Ok(uid) = uid.parse() {
            self.0.lock().insert(uid, at);
        }
    }

    fn of(&self, meta: &ObjectMeta) -> Option<Timestamp> {
        self.0.lock().get(&uid(meta)?).copied()
    }

    fn forget_all_but(&self, fleet: &Fleet) {
        let there: HashSet<_> = fleet
            .integrations
            .iter()
            .filter_map(|it| uid(&it.metadata))
            .collect();
        self.0.lock().retain(|uid, _| there.contains(uid));
    }
}

fn uid(meta: &ObjectMeta) -> Option<uuid::Uuid> {
    meta.uid.as_ref()?.parse().ok()
}

/// The text, piece by piece.
pub(super) fn pieces(
    fleet: Fleet,
    tests: Arc<PassedTests>,
    hosts: Vec<(&'static str, Vec<HostLoad>)>,
) -> impl Iterator<Item = String> + Send {
    tests.forget_all_but(&fleet);
    let Fleet {
        connections,
        integrations,
        promotions,
        now: _,
    } = fleet;
    let conditions = head(
        "condition",
        "A condition of an object; 1 for the status that it has",
    )
    .chain(conditions("PingOneConnection", connections.clone(), |it| {
        Some(&it.status.as_ref()?.conditions)
    }))
    .chain(conditions("AICIntegration", integrations.clone(), |it| {
        Some(&it.status.as_ref()?.conditions)
    }))
    .chain(conditions("Promotion", promotions.clone(), |it| {
        Some(&it.status.as_ref()?.conditions)
    }));
    let phases = head(
        "promotion_phase",
        "The phase of a Promotion; 1 for the one that it has",
    )
    .chain(each(promotions, |text, run| {
        if let Some(phase) = run.status.as_ref().and_then(|status| status.phase) {
            let more = format!(r#",phase="{}""#, phase.as_str());
            line(text, "promotion_phase", &run.metadata, &more, 1);
        }
    }));
    let issued = "credential_issued_timestamp_seconds";
    let credentials = head(issued, "When PingOne issued the credential of a connection").chain(each(
        connections,
        move |text, connection| {
            let credential = connection
                .status
                .as_ref()
                .and_then(|status| status.credential.as_ref());
            let at =
                credential.and_then(|credential| credential.issued_at.as_ref()?.parse::<Timestamp>().ok());
            if let Some(at) = at {
                line(text, issued, &connection.metadata, "", at.as_second());
            }
        },
    ));
    let passed = "connection_test_passed_timestamp_seconds";
    let tests = head(
        passed,
        "When an integration's connection test passed last, since this process leads",
    )
    .chain(each(integrations, move |text, integration| {
        if let Some(at) = tests.of(&integration.metadata) {
            line(text, passed, &integration.metadata, "", at.as_second());
        }
    }));
    conditions
        .chain(phases)
        .chain(credentials)
        .chain(tests)
        .chain(iter::once_with(move || loads(&hosts)))
}

/// What calls to each host wait for.
fn loads(hosts: &[(&'static str, Vec<HostLoad>)]) -> String {
    type Of = fn(&HostLoad) -> usize;
    let metrics: [(&str, &str, Of); 3] = [
        (
            "vendor_host_calls_waiting",
            "Calls that wait for this host's rate limit",
            |load| load.waiting,
        ),
        (
            "vendor_host_closed",
            "1 for a host that refuses calls for now (Retry-After)",
            |load| load.is_closed.into(),
        ),
        (
            "vendor_host_down",
            "1 for a host that does not answer and gets one call now and then",
            |load| load.is_down.into(),
        ),
    ];
    let mut text = String::new();
    for (metric, help, of) in metrics {
        text.extend(head(metric, help));
        for (vendor, load) in hosts
            .iter()
            .flat_map(|(vendor, loads)| loads.iter().map(move |load| (vendor, load)))
        {
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                r#"pingone_aic_{metric}{{vendor="{vendor}",host="{}"}} {}"#,
                load.host,
                of(load)
            );
        }
    }
    text
}

fn conditions<K: Resource>(
    kind: &'static str,
    objects: Vec<Arc<K>>,
    of: fn(&K) -> Option<&Conditions>,
) -> impl Iterator<Item = String> {
    each(objects, move |text, object| {
        for condition in of(object).into_iter().flat_map(Conditions::iter) {
            let (type_, status) = (known(&condition.type_), known(&condition.status));
            let more = format!(r#",kind="{kind}",type="{type_}",status="{status}""#);
            line(text, "condition", object.meta(), &more, 1);
        }
    })
}

/// No value needs to be escaped: names are Kubernetes's, and all other words are the operator's.
fn line(text: &mut String, metric: &str, meta: &ObjectMeta, more: &str, value: i64) {
    let namespace = meta.namespace.as_deref().unwrap_or_default();
    let name = meta.name.as_deref().unwrap_or_default();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        r#"pingone_aic_{metric}{{namespace="{namespace}",name="{name}"{more}}} {value}"#
    );
}

fn head(metric: &str, help: &str) -> iter::Once<String> {
    iter::once(format!(
        "# HELP pingone_aic_{metric} {help}.\n# TYPE pingone_aic_{metric} gauge\n"
    ))
}

/// Lines about each object, many objects in one piece.
fn each<K: Resource>(objects: Vec<Arc<K>>, lines: impl Fn(&mut String, &K)) -> impl Iterator<Item = String> {
    let mut objects = objects.into_iter();
    iter::from_fn(move || {
        (!objects.as_slice().is_empty()).then(|| {
            let mut text = String::new();
            for object in objects.by_ref().take(AT_ONCE) {
                lines(&mut text, &object);
            }
            text
        })
    })
    .filter(|text| !text.is_empty())
}
