//! All objects as the API server tells of them, and whether it still does.

mod watch_state;

use std::{fmt::Debug, pin::pin, time::Duration};

use futures::{
    FutureExt as _, StreamExt as _,
    future::join_all,
    stream::{self, BoxStream, ReadyChunks, SelectAll},
};
use kube::{
    Api, Resource,
    api::{ApiResource, DynamicObject, WatchEvent, WatchParams},
    core::NamespaceResourceScope,
    runtime::{
        WatchStreamExt as _,
        reflector::{self, Store},
        utils::Backoff,
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
/// How soon the API server is asked again after a failure. A person waits for the answer.
const AGAIN_AFTER: Duration = Duration::from_secs(2);
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
    watches: [Watch; 3],
    clock: Clock,
    last: ApiState,
}

/// The watch of one kind.
struct Watch {
    /// To ask whether the API server answers, and lets whoever asks watch the kind.
    api: Api<DynamicObject>,
    kind: ApiResource,
    state: WatchState,
}

/// A watch that has failed begins anew as soon as the API server is asked again.
struct WhileAway;

impl Iterator for WhileAway {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        Some(AGAIN_AFTER)
    }
}

impl Backoff for WhileAway {
    fn reset(&mut self) {}
}

/// What a watch yields.
enum Event {
    /// A list begins, which shows nothing yet.
    Begins,
    Changed,
    Failed(Failure),
}

impl Followed {
    /// Follows the objects of the namespace, or of every one.
    pub fn start(cluster: &Cluster, in_all_namespaces: bool) -> (Self, Changes) {
        let (connections, first, of_first) = follow(0, cluster, in_all_namespaces);
        let (integrations, second, of_second) = follow(1, cluster, in_all_namespaces);
        let (promotions, third, of_third) = follow(2, cluster, in_all_namespaces);
        let changes = Changes {
            stream: stream::select_all([of_first, of_second, of_third]).ready_chunks(AT_ONCE),
            watches: [first, second, third],
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
            let is_whole = self.watches.iter().all(|watch| watch.state.works());
            let left = deadline.saturating_duration_since(self.clock.instant());
            let wait = if is_whole { left } else { left.min(AGAIN_AFTER) };
            let mut has_changed = false;
            if let Ok(Some(events)) = tokio::time::timeout(wait, self.stream.next()).await {
                let now = self.clock.instant();
                for (watch, event) in events {
                    match event {
                        Event::Begins => {}
                        Event::Changed => {
                            self.watches[watch].state.works_again();
                            has_changed = true;
                        }
                        Event::Failed(failure) => self.watches[watch].state.failed(failure, now),
                    }
                }
            } else {
                let probed = self.watches.each_mut().map(|watch| watch.probe(&self.clock));
                join_all(probed).await;
            }
            let states = self.watches.iter().map(|watch| watch.state.state());
            let state = states.max().unwrap_or_default();
            let is_news = state != self.last;
            if is_news || has_changed || self.clock.instant() >= deadline {
                self.last = state.clone();
                return state;
            }
        }
    }
}

impl Watch {
    /// A watch that resumes after an outage yields nothing by itself.
    async fn probe(&mut self, clock: &Clock) {
        if !self.state.may_work_again(clock.instant()) {
            return;
        }
        match tokio::time::timeout(ANSWERS_WITHIN, self.ask()).await {
            Ok(Ok(())) => self.state.works_again(),
            Ok(Err(error)) => {
                let failure = Failure::of(&self.kind.plural, &error);
                self.state.failed(failure, clock.instant());
            }
            Err(_) => {}
        }
    }

    async fn ask(&self) -> kube::Result<()> {
        let short = WatchParams::default().timeout(1);
        let events = self.api.watch_metadata(&short, "0").await?;
        // A refusal comes as the first event.
        match pin!(events).next().await {
            Some(Err(error)) => Err(error),
            Some(Ok(WatchEvent::Error(status))) => Err(kube::Error::Api(status)),
            _ => Ok(()),
        }
    }
}

fn follow<K>(
    watch: usize,
    cluster: &Cluster,
    in_all_namespaces: bool,
) -> (Store<K>, Watch, BoxStream<'static, (usize, Event)>)
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + Sync
        + 'static,
{
    let (kind, client) = (ApiResource::erase::<K>(&()), cluster.client.clone());
    let (api, erased) = if in_all_namespaces {
        (Api::<K>::all(client.clone()), Api::all_with(client, &kind))
    } else {
        let erased = Api::namespaced_with(client, &cluster.namespace, &kind);
        (cluster.api(), erased)
    };
    let (reader, writer) = reflector::store();
    let events = watcher(api, watcher::Config::default())
        .backoff(WhileAway)
        .reflect(writer);
    let events = events.map(move |event| {
        let event = match event {
            Ok(watcher::Event::Init) => Event::Begins,
            Ok(_) => Event::Changed,
            Err(error) => Event::Failed(failure(&K::plural(&()), error)),
        };
        (watch, event)
    });
    let watch = Watch {
        api: erased,
        kind,
        state: WatchState::default(),
    };
    (reader, watch, events.boxed())
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
