//! `board`: a page on this machine that shows where everything stands, with the rights of whoever started it.

mod events;
mod fleet_page;
mod layout;
mod live;
mod run_page;
mod server;
mod session;
mod timeline;

use tokio::net::TcpListener;

use self::{live::Live, server::Board, session::Session};
use crate::{Answer, arguments, cluster::Cluster, failure::Failure, style::say};

/// Serves it until it is stopped.
pub async fn run(cluster: Cluster, arguments: &arguments::Board) -> Result<Answer, Failure> {
    let unusable = |error: std::io::Error| Failure::Usage(format!("port {}: {error}", arguments.port));
    let listener = TcpListener::bind(("127.0.0.1", arguments.port))
        .await
        .map_err(unusable)?;
    let port = listener.local_addr().map_err(unusable)?.port();
    let session = Session::new(port);
    say(&format!(
        "the board, for this machine only: {}\nThe link opens one browser, once. Stop the board with Ctrl-C.\n",
        session.link()
    ));
    let live = Live::start(&cluster, arguments.all_namespaces);
    let board = Board {
        cluster,
        live,
        session,
    };
    axum::serve(listener, server::router(board))
        .await
        .map_err(unusable)?;
    Ok(Answer::Yes)
}
