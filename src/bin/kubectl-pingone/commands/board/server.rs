//! The pages' addresses.

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    extract::{FromRef, Path, State},
    http::{StatusCode, header},
    middleware,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
    routing::get,
};
use futures::{Stream, stream};
use maud::{Markup, html};
use pingone_aic_operator::clock::Clock;

use super::{
    events, fleet_page,
    layout::{self, Place},
    live::Live,
    run_page,
    session::{self, Session},
};
use crate::{cluster::Cluster, fleet::Fleet};

/// Events are asked for when a page is shown, and everything else is known: the page does not wait for long.
const EVENTS_WITHIN: Duration = Duration::from_secs(2);

/// Everything that a page is made of.
#[derive(Clone)]
pub struct Board {
    pub cluster: Cluster,
    pub live: Live,
    pub session: Session,
}

impl FromRef<Board> for Session {
    fn from_ref(board: &Board) -> Self {
        board.session.clone()
    }
}

pub fn router(board: Board) -> Router {
    let text = |kind: &'static str, text: &'static str| {
        get(move || async move { ([(header::CONTENT_TYPE, kind)], text) })
    };
    let root = board.session.root();
    Router::new()
        .route(&root, get(fleet))
        .route(&format!("{root}runs/{{namespace}}/{{name}}"), get(run))
        .route(&format!("{root}revisions"), get(revisions))
        .route(&format!("{root}open/{{key}}"), get(session::open))
        .route("/board.css", text("text/css", include_str!("board.css")))
        .route("/board.js", text("text/javascript", include_str!("board.js")))
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(middleware::from_fn_with_state(board.clone(), session::require))
        .with_state(board)
}

async fn fleet(State(board): State<Board>) -> Response {
    let now = Clock::system().now();
    board.page("Integrations and promotions", StatusCode::OK, |fleet| {
        fleet_page::of(fleet, &board.session.root(), now)
    })
}

async fn run(State(board): State<Board>, Path((namespace, name)): Path<(String, String)>) -> Response {
    let now = Clock::system().now();
    let title = format!("Promotion {name}");
    let is_known = |fleet: &Fleet| run_page::find(fleet, &namespace, &name).is_some();
    if !board.live.fleet().is_none_or(|fleet| is_known(&fleet)) {
        return board.page(&title, StatusCode::NOT_FOUND, |_| {
            html! {
                h1 { (title) }
                p { "There is no such run in namespace " (namespace) "." }
            }
        });
    }
    let events = events::of_run(&board.cluster, &namespace, &name);
    let events = tokio::time::timeout(EVENTS_WITHIN, events)
        .await
        .unwrap_or_else(|_| Err("The API server does not answer in time.".to_owned()));
    board.page(&title, StatusCode::OK, |fleet| {
        let run = run_page::find(fleet, &namespace, &name);
        run.map_or_else(
            || html! { h1 { (title) } },
            |run| run_page::of(fleet, run, &events, now),
        )
    })
}

impl Board {
    fn page(&self, title: &str, status: StatusCode, content: impl FnOnce(&Fleet) -> Markup) -> Response {
        // Before the objects: a page is never older than it says.
        let state = self.live.state();
        let reading = html! { h1 { (title) } p { "Reading…" } };
        let content = self.live.fleet().map_or(reading, |fleet| content(&fleet));
        let place = Place {
            root: &self.session.root(),
            server: &self.cluster.server,
            revision: state.revision,
            error: state.error.as_deref(),
        };
        (status, layout::page(title, &content, Some(&place))).into_response()
    }
}

/// Server-sent events: the number of each revision of the objects.
async fn revisions(State(board): State<Board>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut revisions = board.live.revisions();
    revisions.mark_changed();
    let events = stream::unfold(revisions, async |mut revisions| {
        revisions.changed().await.ok()?;
        let revision = revisions.borrow_and_update().revision;
        Some((Ok(Event::default().data(revision.to_string())), revisions))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}
