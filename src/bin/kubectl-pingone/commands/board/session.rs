//! Who may see the board: the browser that has opened the one-time link. Other users of this machine, and other pages in
//! the same browser, may not.

use std::sync::Arc;

use axum::{
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Redirect, Response},
};
use maud::html;
use parking_lot::Mutex;
use uuid::Uuid;

use super::layout;

/// Clones share one state.
#[derive(Clone)]
pub struct Session(Arc<Secrets>);

struct Secrets {
    port: u16,
    /// The first part of every path. Browsers send a cookie to every port of a host, and to no other path than its own.
    folder: String,
    /// In the link, until somebody opens it.
    once: Mutex<Option<String>>,
    /// In the cookie of whoever has.
    cookie: String,
}

impl Session {
    pub fn new(port: u16) -> Self {
        let secret = || Uuid::new_v4().simple().to_string();
        Self(Arc::new(Secrets {
            port,
            folder: secret(),
            once: Mutex::new(Some(secret())),
            cookie: secret(),
        }))
    }

    /// The path of the first page.
    pub fn root(&self) -> String {
        format!("/{}/", self.0.folder)
    }

    /// Opens the board, once.
    pub fn link(&self) -> String {
        let once = self.0.once.lock().clone().unwrap_or_default();
        format!("http://127.0.0.1:{}{}open/{once}", self.0.port, self.root())
    }

    fn cookie(&self) -> String {
        format!("pingone-board={}", self.0.cookie)
    }

    fn has_cookie(&self, headers: &HeaderMap) -> bool {
        let cookie = self.cookie();
        let cookies = headers.get_all(header::COOKIE).into_iter();
        let mut cookies = cookies
            .filter_map(|all| all.to_str().ok())
            .flat_map(|all| all.split("; "));
        cookies.any(|one| one == cookie)
    }

    /// A name of another host that leads to this machine is how a foreign page would ask.
    fn is_addressed(&self, headers: &HeaderMap) -> bool {
        let port = self.0.port;
        let hosts = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        host.is_some_and(|host| hosts.iter().any(|ours| ours == host))
    }
}

/// `open/{key}`: from now on this browser may see the board, and the link opens nothing any more.
pub async fn open(
    State(session): State<Session>,
    method: Method,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Response {
    if session.has_cookie(&headers) {
        return Redirect::to(&session.root()).into_response();
    }
    if method != Method::GET {
        // A preview of the link does not use it up.
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    {
        let mut once = session.0.once.lock();
        if once.as_ref() != Some(&key) {
            return refusal(
                "This link was used before, or is another board's. Start the board again for a new one.",
            );
        }
        *once = None;
    }
    let (cookie, root) = (session.cookie(), session.root());
    let mut response = Redirect::to(&root).into_response();
    if let Ok(cookie) = HeaderValue::from_str(&format!("{cookie}; HttpOnly; SameSite=Strict; Path={root}")) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// Lets nobody else in, and says to browsers what a page of the board may do.
pub async fn require(State(session): State<Session>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let opens = path
        .strip_prefix(&session.root())
        .is_some_and(|rest| rest.starts_with("open/"));
    // Style and script tell nothing of the cluster.
    let is_public = opens || path == "/board.css" || path == "/board.js";
    let mut response = if !session.is_addressed(request.headers()) {
        refusal("The board is known as 127.0.0.1 only.")
    } else if !is_public && !session.has_cookie(request.headers()) {
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
    let content = html! { h1 { "Not open" } p { (why) } };
    (StatusCode::FORBIDDEN, layout::page("Not open", &content, None)).into_response()
}
