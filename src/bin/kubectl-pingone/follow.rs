//! All objects as the API server tells of them, and whether it still does.

mod watch_state;

use std::{fmt::Debug, pin::pin, time::Duration};

use futures::{
    FutureExt as _, StreamExt as _,
    stream::{self, BoxStream, ReadyChunks, SelectAll},
};
use kube::{
    Api, Resource,
    api::{WatchEvent, WatchParams},
    core::NamespaceResourceScope,
    runtime::{
        WatchStreamExt as _,
        reflector::{self, Store},
        watcher,
    },
};
use pingone_aic_operator::{
    api::{AICIntegration, PingOneConnection, Promotion},
    clock::Clock,
};
use serde::de::DeserializeOwned;

pub use self::watch_state::ApiState;
use self::watch_state::WatchState;
use crate::{cluster::Cluster, failure::Failure, fleet::Fleet};

/// What comes within one step of this is one change.
const AT_ONCE: usize = 1_000;
/// Ages are shown in no finer steps.
const SOON: Duration = Duration::from_secs(30);
/// How soon the API server is asked again after a failure.
const WHILE_AWAY: Duration = Duration::from_secs(2);
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// What is known of all objects.
#[derive(Clone)]
pub struct Followed {
    connections: Store<PingOneConnection>,
    integrations: Store<AICIntegration>,
    promotions: Store<Promotion>,
}

/// Tells of each change, and now and then that time has passed.
pub struct Changes {
    stream: ReadyChunks<SelectAll<BoxStream<'static, (usize, Event)>>>,
    watches: [WatchState; 3],
    probes: [Probe; 3],
    clock: Clock,
    last: ApiState,
}

/// What a watch yields.
enum Event {
    /// A list begins, which shows nothing yet.
    Begins,
    Changed,
    Failed(Failure),
}

/// Asks whether the API server answers, and lets whoever asks watch a kind.
type Probe = Box<dyn Fn() -> futures::future::BoxFuture<'static, Result<(), Failure>> + Send + Sync>;

impl Followed {
    /// Follows the objects of the namespace, or of every one.
    pub fn start(cluster: &Cluster, in_all_namespaces: bool) -> (Self, Changes) {
        let (connections, first, probe_first) = follow(0, cluster, in_all_namespaces);
        let (integrations, second, probe_second) = follow(1, cluster, in_all_namespaces);
        let (promotions, third, probe_third) = follow(2, cluster, in_all_namespaces);
        let changes = Changes {
            stream: stream::select_all([first, second, third]).ready_chunks(AT_ONCE),
            watches: Default::default(),
            probes: [probe_first, probe_second, probe_third],
            clock: Clock::system(),
            last: ApiState::Answers,
        };
        let followed = Self {
            connections,
            integrations,
            promotions,
        };
        (followed, changes)
    }

    /// All of them; `None` before the first lists.
    pub fn fleet(&self) -> Option<Fleet> {
        let is_ready = [
            self.connections.wait_until_ready().now_or_never().is_some(),
            self.integrations.wait_until_ready().now_or_never().is_some(),
            self.promotions.wait_until_ready().now_or_never().is_some(),
        ];
        is_ready.iter().all(|is_ready| *is_ready).then(|| Fleet {
            connections: self.connections.state(),
            integrations: self.integrations.state(),
            promotions: self.promotions.state(),
        })
    }
}

impl Changes {
    /// Waits for the next change of an object or of the API server's state, or until some time has passed.
    pub async fn next(&mut self) -> ApiState {
        let deadline = self.clock.instant() + SOON;
        loop {
            let is_whole = self.watches.iter().all(WatchState::works);
            let left = deadline.saturating_duration_since(self.clock.instant());
            let wait = if is_whole { left } else { left.min(WHILE_AWAY) };
            let mut has_changed = false;
            if let Ok(Some(events)) = tokio::time::timeout(wait, self.stream.next()).await {
                let now = self.clock.instant();
                for (watch, event) in events {
                    match event {
                        Event::Begins => {}
                        Event::Changed => {
                            self.watches[watch].works_again();
                            has_changed = true;
                        }
                        Event::Failed(failure) => self.watches[watch].failed(failure, now),
                    }
                }
            } else {
                self.probe().await;
            }
            let state = self
                .watches
                .iter()
                .map(WatchState::state)
                .max()
                .unwrap_or_default();
            let is_news = state != self.last;
            if is_news || has_changed || self.clock.instant() >= deadline {
                self.last = state.clone();
                return state;
            }
        }
    }

    /// A watch that resumes after an outage yields nothing by itself.
    async fn probe(&mut self) {
        for (watch, probe) in self.watches.iter_mut().zip(&self.probes) {
            if !watch.may_work_again(self.clock.instant()) {
                continue;
            }
            let asked = tokio::time::timeout(ANSWERS_WITHIN, probe()).await;
            match asked {
                Ok(Ok(())) => watch.works_again(),
                Ok(Err(failure)) => watch.failed(failure, self.clock.instant()),
                Err(_) => {}
            }
        }
    }
}

fn follow<K>(
    watch: usize,
    cluster: &Cluster,
    in_all_namespaces: bool,
) -> (Store<K>, BoxStream<'static, (usize, Event)>, Probe)
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + Sync
        + 'static,
{
    let api: Api<K> = if in_all_namespaces {
        Api::all(cluster.client.clone())
    } else {
        cluster.api()
    };
    let (reader, writer) = reflector::store();
    let events = watcher(api.clone(), watcher::Config::default())
        .default_backoff()
        .reflect(writer);
    let events = events.map(move |event| {
        let event = match event {
            Ok(watcher::Event::Init) => Event::Begins,
            Ok(_) => Event::Changed,
            Err(error) => Event::Failed(failure(&K::plural(&()), error)),
        };
        (watch, event)
    });
    let probe = move || {
        let api = api.clone();
        let asked = async move {
            let of = |error: &kube::Error| Failure::of(&K::plural(&()), error);
            let short = WatchParams::default().timeout(1);
            let events = api
                .watch_metadata(&short, "0")
                .await
                .map_err(|error| of(&error))?;
            // A refusal comes as the first event.
            match pin!(events).next().await {
                Some(Err(error)) => Err(of(&error)),
                Some(Ok(WatchEvent::Error(status))) => Err(of(&kube::Error::Api(status))),
                _ => Ok(()),
            }
        };
        asked.boxed()
    };
    (reader, events.boxed(), Box::new(probe))
}

fn failure(what: &str, error: watcher::Error) -> Failure {
    match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => Failure::of(what, &error),
        watcher::Error::WatchError(status) => Failure::of(what, &kube::Error::Api(status)),
        watcher::Error::NoResourceVersion => {
            Failure::Unreachable(what.to_owned(), "a list has no version".to_owned())
        }
    }
}
