//! The pages' addresses.

use std::convert::Infallible;

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
    door::{self, Door},
    events, fleet_page, layout,
    live::Live,
    run_page,
};
use crate::{cluster::Cluster, fleet::Fleet};

/// Everything that a page is made of.
#[derive(Clone)]
pub struct Board {
    pub cluster: Cluster,
    pub live: Live,
    pub door: Door,
}

impl FromRef<Board> for Door {
    fn from_ref(board: &Board) -> Self {
        board.door.clone()
    }
}

pub fn router(board: Board) -> Router {
    let text = |kind: &'static str, text: &'static str| {
        get(move || async move { ([(header::CONTENT_TYPE, kind)], text) })
    };
    Router::new()
        .route("/", get(fleet))
        .route("/runs/{namespace}/{name}", get(run))
        .route("/looks", get(looks))
        .route("/open/{key}", get(door::open))
        .route("/board.css", text("text/css", include_str!("board.css")))
        .route("/board.js", text("text/javascript", include_str!("board.js")))
        .layer(middleware::from_fn_with_state(board.clone(), door::keep))
        .with_state(board)
}

async fn fleet(State(board): State<Board>) -> Response {
    let now = Clock::system().now();
    board.page("Integrations and promotions", StatusCode::OK, |fleet| {
        fleet_page::of(fleet, now)
    })
}

async fn run(State(board): State<Board>, Path((namespace, name)): Path<(String, String)>) -> Response {
    let now = Clock::system().now();
    let events = events::of_run(&board.cluster, &namespace, &name).await;
    let title = format!("Promotion {name}");
    let known = board.live.fleet();
    let is_known = known.is_none_or(|fleet| run_page::find(&fleet, &namespace, &name).is_some());
    let status = if is_known {
        StatusCode::OK
    } else {
        StatusCode::NOT_FOUND
    };
    board.page(&title, status, |fleet| {
        if let Some(run) = run_page::find(fleet, &namespace, &name) {
            return run_page::of(fleet, run, &events, now);
        }
        html! {
            h1 { "Promotion " (name) }
            p { "There is no such run in namespace " (namespace) "." }
        }
    })
}

impl Board {
    fn page(&self, title: &str, status: StatusCode, content: impl FnOnce(&Fleet) -> Markup) -> Response {
        // Before the objects: a page is never older than it says.
        let state = self.live.state();
        let reading = html! { h1 { (title) } p { "Reading…" } };
        let content = self.live.fleet().map_or(reading, |fleet| content(&fleet));
        let content = html! {
            @if let Some(trouble) = &state.trouble { p.trouble role="alert" { (trouble) } }
            (content)
        };
        (status, layout::page(title, &content, Some(state.look))).into_response()
    }
}

/// Server-sent events: the number of each look at the objects.
async fn looks(State(board): State<Board>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut looks = board.live.looks();
    looks.mark_changed();
    let events = stream::unfold(looks, async |mut looks| {
        looks.changed().await.ok()?;
        let look = looks.borrow_and_update().look;
        Some((Ok(Event::default().data(look.to_string())), looks))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}
