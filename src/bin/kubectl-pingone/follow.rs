//! All objects as the API server tells of them, and the news of each change.

use std::{
    fmt::Debug,
    time::{Duration, Instant},
};

use futures::{
    FutureExt as _, StreamExt as _,
    stream::{self, BoxStream, ReadyChunks, SelectAll},
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
use pingone_aic_operator::{
    api::{AICIntegration, PingOneConnection, Promotion},
    clock::Clock,
};
use serde::de::DeserializeOwned;

use crate::{cluster::Cluster, failure::Failure, fleet::Fleet};

/// What comes within one step of this is one piece of news. Ages are shown in no finer steps than the other.
const AT_ONCE: usize = 1_000;
const SOON: Duration = Duration::from_secs(30);

/// What is known of all objects.
#[derive(Clone)]
pub struct Followed {
    connections: Store<PingOneConnection>,
    integrations: Store<AICIntegration>,
    promotions: Store<Promotion>,
}

/// Tells of each change, and now and then that time has passed.
pub struct News {
    stream: ReadyChunks<SelectAll<BoxStream<'static, Result<Told, Failure>>>>,
    last: Told,
}

/// Whether the API server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It told of a change.
    News,
    /// It is away. What it said last stands.
    Away,
}

impl News {
    /// Waits for the next.
    pub async fn next(&mut self) -> Result<Told, Failure> {
        if let Ok(Some(all)) = tokio::time::timeout(SOON, self.stream.next()).await {
            for told in all {
                self.last = told?;
            }
        }
        Ok(self.last)
    }
}

impl Followed {
    /// Follows the objects of the namespace, or of every one.
    pub fn start(cluster: &Cluster, in_all_namespaces: bool) -> (Self, News) {
        let (connections, first) = follow(cluster, in_all_namespaces);
        let (integrations, second) = follow(cluster, in_all_namespaces);
        let (promotions, third) = follow(cluster, in_all_namespaces);
        let news = News {
            stream: stream::select_all([first, second, third]).ready_chunks(AT_ONCE),
            last: Told::News,
        };
        let followed = Self {
            connections,
            integrations,
            promotions,
        };
        (followed, news)
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

fn follow<K>(
    cluster: &Cluster,
    in_all_namespaces: bool,
) -> (Store<K>, BoxStream<'static, Result<Told, Failure>>)
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
    let (clock, mut refusals) = (Clock::system(), Refusals::default());
    let news = events.map(move |event| match event {
        Ok(event) => {
            refusals.answered(matches!(event, watcher::Event::Init));
            Ok(Told::News)
        }
        Err(error) => match refusal(&K::plural(&()), error) {
            Some(failure) if refusals.stand(clock.instant()) => Err(failure),
            _ => Ok(Told::Away),
        },
    });
    (reader, news.boxed())
}

/// A server that has just started may refuse what it will allow: it does not know all roles yet.
const REFUSED_FOR_GOOD_AFTER: Duration = Duration::from_secs(10);

/// Refusals of one watch.
#[derive(Default)]
struct Refusals {
    has_worked: bool,
    since: Option<Instant>,
}

impl Refusals {
    fn answered(&mut self, only_begins: bool) {
        if !only_begins {
            self.has_worked = true;
            self.since = None;
        }
    }

    /// Whether one more is for good.
    fn stand(&mut self, now: Instant) -> bool {
        let since = *self.since.get_or_insert(now);
        !self.has_worked || now - since >= REFUSED_FOR_GOOD_AFTER
    }
}

/// What is refused; `None` of a server that is away.
fn refusal(what: &str, error: watcher::Error) -> Option<Failure> {
    let error = match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => error,
        watcher::Error::WatchError(status) => kube::Error::Api(status),
        watcher::Error::NoResourceVersion => return None,
    };
    match &error {
        kube::Error::Api(status) if [401, 403].contains(&status.code) => Some(Failure::of(what, &error)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_for_good_at_the_beginning_and_when_it_lasts() {
        let now = Clock::system().instant();
        assert!(Refusals::default().stand(now), "nothing was seen before");
        let mut refusals = Refusals::default();
        refusals.answered(true);
        assert!(refusals.stand(now), "a list that only begins shows nothing");
        refusals.answered(false);
        assert!(!refusals.stand(now));
        assert!(!refusals.stand(now + Duration::from_secs(9)));
        assert!(refusals.stand(now + Duration::from_secs(10)));
        refusals.answered(false);
        assert!(!refusals.stand(now + Duration::from_secs(11)));
    }
}
