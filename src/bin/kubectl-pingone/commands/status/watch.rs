//! The same, again with every change.

use std::{fmt::Debug, io::IsTerminal as _, time::Duration};

use futures::{
    FutureExt as _, StreamExt as _,
    stream::{self, BoxStream},
};
use kube::{
    Api, Resource,
    core::NamespaceResourceScope,
    runtime::{
        WatchStreamExt as _,
        reflector::{self, Store},
        watcher,
    },
};
use serde::de::DeserializeOwned;

use super::{Printer, show};
use crate::{Answer, arguments::Status, cluster::Cluster, failure::Failure, fleet::Fleet};

/// Ages are shown in no finer steps.
const SOON: Duration = Duration::from_secs(30);
/// Back to the top of a terminal, and everything below gone.
const CLEAR: &str = "\u{1b}[H\u{1b}[2J\u{1b}[3J";

/// Shows it until it is stopped. An API server that is away is waited for; who may not look any more is told.
pub async fn run(printer: Printer, cluster: &Cluster, arguments: &Status) -> Result<Answer, Failure> {
    let (connections, first) = watch(cluster, arguments.all_namespaces);
    let (integrations, second) = watch(cluster, arguments.all_namespaces);
    let (promotions, third) = watch(cluster, arguments.all_namespaces);
    let mut changes = stream::select_all([first, second, third]).ready_chunks(1_000);
    let (mut last, mut is_away) = (String::new(), false);
    loop {
        match tokio::time::timeout(SOON, changes.next()).await {
            Ok(None) => return Ok(Answer::Yes),
            Ok(Some(news)) => {
                for news in news {
                    is_away = news?;
                }
            }
            Err(_) => {}
        }
        let is_ready = connections.is_ready() && integrations.is_ready() && promotions.is_ready();
        let mut text = String::new();
        if is_ready {
            let fleet = Fleet {
                connections: connections.objects(),
                integrations: integrations.objects(),
                promotions: promotions.objects(),
            };
            text = show(printer, &fleet, arguments.problems)?.0;
        }
        if is_away {
            text.push_str("\nthe API server does not answer; this is what it said last\n");
        }
        if text != last {
            let clear = if std::io::stdout().is_terminal() {
                CLEAR
            } else {
                ""
            };
            println!("{clear}{text}");
            last = text;
        }
    }
}

/// The objects of a kind as the API server last told of them.
struct Known<K: Resource<DynamicType = ()> + Clone + 'static>(Store<K>);

impl<K: Resource<DynamicType = ()> + Clone> Known<K> {
    fn is_ready(&self) -> bool {
        self.0.wait_until_ready().now_or_never().is_some()
    }

    fn objects(&self) -> Vec<K> {
        self.0.state().iter().map(|object| K::clone(object)).collect()
    }
}

/// Follows the objects of a kind. Each item says whether the API server is away.
fn watch<K>(
    cluster: &Cluster,
    in_all_namespaces: bool,
) -> (Known<K>, BoxStream<'static, Result<bool, Failure>>)
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + Sync
        + 'static,
{
    let api = if in_all_namespaces {
        Api::all(cluster.client.clone())
    } else {
        cluster.api()
    };
    let (reader, writer) = reflector::store();
    let events = watcher(api, watcher::Config::default())
        .default_backoff()
        .reflect(writer);
    let news = events.map(|event| match event {
        Ok(_) => Ok(false),
        Err(error) => told(&K::plural(&()), error),
    });
    (Known(reader), news.boxed())
}

/// An API server that is away comes back. One that refuses who asks does so next time, too.
fn told(what: &str, error: watcher::Error) -> Result<bool, Failure> {
    let error = match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => error,
        watcher::Error::WatchError(status) => kube::Error::Api(status),
        watcher::Error::NoResourceVersion => return Ok(true),
    };
    match &error {
        kube::Error::Api(status) if [401, 403].contains(&status.code) => Err(Failure::of(what, &error)),
        _ => Ok(true),
    }
}
