//! The HTTP CONNECT proxy: the only door of the network.

use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::network::Shared;
use crate::service;

/// A CONNECT request is a few lines; more is no CONNECT request.
const MAX_HEAD_BYTES: u64 = 16 * 1024;

/// Accepts until dropped, and takes the connections with it.
pub(crate) async fn run(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(stream, Arc::clone(&shared)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// One client. Failures of its transport end it, and are the client's to report.
async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    // A message that goes out in two parts must not wait for the first one's acknowledgement.
    let _ = stream.set_nodelay(true);
    let mut stream = BufReader::new(stream);
    let Ok(request_line) = read_head(&mut stream).await else {
        return;
    };
    let authority = match request_line.split(' ').collect::<Vec<_>>().as_slice() {
        ["CONNECT", authority, _] => authority.to_ascii_lowercase(),
        _ => return refuse(stream, "405 Method Not Allowed").await,
    };
    let host = authority.strip_suffix(":443").unwrap_or(&authority).to_owned();
    shared.record_connect(authority);
    let (Some(site), Some(outages)) = (shared.site(&host), shared.outages().so_far(&host)) else {
        return refuse(stream, "502 Bad Gateway").await;
    };
    if stream
        .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .await
        .is_err()
    {
        return;
    }
    let name = host.split(':').next().unwrap_or_default();
    let acceptor = TlsAcceptor::from(shared.authority().server_config(name));
    let cut = shared.outages().clone();
    let serve = async {
        if let Ok(stream) = acceptor.accept(stream).await {
            service::serve(stream, host.clone(), site, shared).await;
        }
    };
    tokio::select! { () = serve => {}, () = cut.more_than(&host, outages) => {} }
}

/// Reads up to the empty line; the first line.
async fn read_head(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut head = stream.take(MAX_HEAD_BYTES);
    let mut first = String::new();
    head.read_line(&mut first).await?;
    let mut line = String::new();
    while head.read_line(&mut line).await? > 2 {
        line.clear();
    }
    Ok(first.trim_end().to_owned())
}

async fn refuse(mut stream: BufReader<TcpStream>, status: &str) {
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    // The client may be gone already, which is as good as an answer.
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}
