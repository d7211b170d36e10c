//! Who may look: the browser that has opened the one-time link. Other users of this machine, and other pages in the same
//! browser, may not.

use std::sync::Arc;

use axum::{
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Redirect, Response},
};
use maud::html;
use parking_lot::Mutex;
use uuid::Uuid;

use super::layout;

/// Clones share one state.
#[derive(Clone)]
pub struct Door(Arc<Keys>);

struct Keys {
    port: u16,
    /// In the link, until somebody opens it.
    once: Mutex<Option<String>>,
    /// In the cookie of whoever has.
    session: String,
}

impl Door {
    pub fn new(port: u16) -> Self {
        let secret = || Uuid::new_v4().simple().to_string();
        Self(Arc::new(Keys {
            port,
            once: Mutex::new(Some(secret())),
            session: secret(),
        }))
    }

    /// Opens the board, once.
    pub fn link(&self) -> String {
        let once = self.0.once.lock().clone().unwrap_or_default();
        format!("http://127.0.0.1:{}/open/{once}", self.0.port)
    }

    /// Browsers know cookies by hosts, and not by ports.
    fn cookie(&self) -> String {
        format!("pingone-board-{}={}", self.0.port, self.0.session)
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        let cookie = self.cookie();
        let cookies = headers.get_all(header::COOKIE).into_iter();
        let mut cookies = cookies
            .filter_map(|all| all.to_str().ok())
            .flat_map(|all| all.split("; "));
        cookies.any(|one| one == cookie)
    }

    /// A name of another host that leads to this machine is how a foreign page would ask.
    fn is_addressed_by(&self, headers: &HeaderMap) -> bool {
        let port = self.0.port;
        let hosts = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        host.is_some_and(|host| hosts.iter().any(|ours| ours == host))
    }
}

/// `/open/{key}`: from now on this browser may look, and the link opens nothing any more.
pub async fn open(State(door): State<Door>, Path(key): Path<String>, headers: HeaderMap) -> Response {
    if door.knows(&headers) {
        return Redirect::to("/").into_response();
    }
    let mut once = door.0.once.lock();
    if once.as_ref() != Some(&key) {
        return refusal(
            "This link was used before, or is another board's. Start the board again for a new one.",
        );
    }
    *once = None;
    drop(once);
    let cookie = format!("{}; HttpOnly; SameSite=Strict; Path=/", door.cookie());
    let mut response = Redirect::to("/").into_response();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// Lets nobody else in, and says to browsers what a page of the board may do.
pub async fn keep(State(door): State<Door>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    // Style and script tell nothing of the cluster.
    let is_public = path.starts_with("/open/") || path == "/board.css" || path == "/board.js";
    let mut response = if !door.is_addressed_by(request.headers()) {
        refusal("The board is known as 127.0.0.1 only.")
    } else if !is_public && !door.knows(request.headers()) {
        refusal("Open the link that the command has printed. It opens one browser, once.")
    } else {
        next.run(request).await
    };
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Nothing that a text of a tenant could smuggle in would run or be sent anywhere.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn refusal(why: &str) -> Response {
    let page = layout::page("Not open", &html! { h1 { "Not open" } p { (why) } }, None);
    (StatusCode::FORBIDDEN, page).into_response()
}
