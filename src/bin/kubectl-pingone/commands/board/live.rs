//! What the pages show, as the API server tells of it.

use std::sync::Arc;

use tokio::sync::watch;

use crate::{
    cluster::Cluster,
    fleet::Fleet,
    follow::{Followed, News, Told},
};

/// Clones share one state.
#[derive(Clone)]
pub struct Live {
    followed: Followed,
    state: watch::Receiver<State>,
}

/// Which look at the objects this is, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub look: u64,
    pub trouble: Option<Arc<str>>,
}

impl Live {
    pub fn start(cluster: &Cluster, in_all_namespaces: bool) -> Self {
        let (followed, news) = Followed::start(cluster, in_all_namespaces);
        let (tell, state) = watch::channel(State::default());
        tokio::spawn(follow(news, tell));
        Self { followed, state }
    }

    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Tells of each look after the one that is known.
    pub fn looks(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// All objects; `None` before the first lists.
    pub fn fleet(&self) -> Option<Fleet> {
        self.followed.fleet()
    }
}

/// A refusal is told on the page, and asked again: a login can be renewed.
async fn follow(mut news: News, tell: watch::Sender<State>) {
    loop {
        let trouble = match news.next().await {
            Ok(Told::News) => None,
            Ok(Told::Away) => Some("The API server does not answer. This is what it said last.".to_owned()),
            Err(failure) => Some(failure.to_string()),
        };
        tell.send_modify(|state| {
            state.look += 1;
            state.trouble = trouble.map(Into::into);
        });
    }
}
