//! What the pages show, as the API server tells of it.

use std::sync::Arc;

use tokio::sync::watch;

use crate::{
    cluster::Cluster,
    fleet::Fleet,
    follow::{ApiState, Changes, Followed},
};

/// Clones share one state.
#[derive(Clone)]
pub struct Live {
    followed: Followed,
    state: watch::Receiver<State>,
}

/// Which revision of the objects this is, and why it may be an old one.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub revision: u64,
    pub error: Option<Arc<str>>,
}

impl Live {
    pub fn start(cluster: &Cluster, in_all_namespaces: bool) -> Self {
        let (followed, changes) = Followed::start(cluster, in_all_namespaces);
        let (tell, state) = watch::channel(State::default());
        tokio::spawn(follow(changes, tell));
        Self { followed, state }
    }

    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Tells of each revision after the one that is known.
    pub fn revisions(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// All objects; `None` before the first lists.
    pub fn fleet(&self) -> Option<Fleet> {
        self.followed.fleet()
    }
}

/// A refusal is told on the page, and asked again: a login can be renewed.
async fn follow(mut changes: Changes, tell: watch::Sender<State>) {
    loop {
        let error = match changes.next().await {
            ApiState::Answers => None,
            ApiState::Away(failure) => Some(format!("{failure}. This is what it said last.")),
            ApiState::Refuses(failure) => Some(failure.to_string()),
        };
        tell.send_modify(|state| {
            state.revision += 1;
            state.error = error.map(Into::into);
        });
    }
}
