//! A server that answers what it is told, byte by byte over TLS, and keeps what it was sent. It is no simulation, and
//! knows no vendor: it must not share a misreading with anybody.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, rustls, server::TlsStream};

use crate::exchange::{Answer, Body, Request};

/// The server; clones are the same one.
#[derive(Clone)]
pub struct Server {
    /// `host:port`.
    pub address: String,
    /// Its certificate, in PEM.
    pub certificate: String,
    script: Arc<Mutex<Script>>,
}

/// What is answered, and what was sent.
#[derive(Default)]
struct Script {
    token: Option<Answer>,
    answers: VecDeque<Answer>,
    requests: Vec<Request>,
}

impl Server {
    /// Starts the server on the current runtime.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let identity = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::Pkcs8(identity.signing_key.serialize_der().into());
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(
            rustls::crypto::aws_lc_rs::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![identity.cert.der().clone()], key)
        .unwrap();
        let server = Self {
            address: format!("localhost:{port}"),
            certificate: identity.cert.pem(),
            script: Arc::default(),
        };
        let (acceptor, script) = (TlsAcceptor::from(Arc::new(config)), Arc::clone(&server.script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(connection(acceptor.clone(), stream, Arc::clone(&script)));
            }
        });
        server
    }

    /// Forgets everything, and answers these from now on, the last one again and again; requests for a tenant's token
    /// have an answer of their own.
    pub fn play(&self, token: Answer, answers: impl IntoIterator<Item = Answer>) {
        *lock(&self.script) = Script {
            token: Some(token),
            answers: answers.into_iter().collect(),
            requests: Vec::new(),
        };
    }

    /// What was sent since then.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.script).requests.clone()
    }
}

impl Script {
    fn answer(&mut self, request: Request) -> Option<Answer> {
        let is_for_token = request.path == "/am/oauth2/access_token";
        self.requests.push(request);
        if is_for_token {
            return self.token.clone();
        }
        if self.answers.len() > 1 {
            self.answers.pop_front()
        } else {
            self.answers.front().cloned()
        }
    }
}

fn lock(script: &Mutex<Script>) -> MutexGuard<'_, Script> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn connection(acceptor: TlsAcceptor, stream: TcpStream, script: Arc<Mutex<Script>>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(acceptor.accept(stream).await?);
    while let Some(request) = read(&mut stream).await? {
        let answer = lock(&script).answer(request);
        // Without an answer the connection ends, which the client reports.
        let Some(answer) = answer else { return Ok(()) };
        stream.write_all(&written(&answer)).await?;
        stream.flush().await?;
    }
    Ok(())
}

async fn read(stream: &mut BufReader<TlsStream<TcpStream>>) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let [method, target, "HTTP/1.1"] = line.split_whitespace().collect::<Vec<_>>()[..] else {
        return Err(io::Error::other("no request line"));
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        ..Request::default()
    };
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 2 {
        if let Some((name, value)) = line.split_once(':') {
            request
                .headers
                .insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        line.clear();
    }
    let length = request
        .headers
        .get("content-length")
        .and_then(|length| length.parse().ok());
    let mut bytes = vec![0; length.unwrap_or_default()];
    stream.read_exact(&mut bytes).await?;
    request.body = body(&bytes, request.headers.get("content-type"));
    Ok(Some(request))
}

fn body(bytes: &[u8], content_type: Option<&String>) -> Body {
    let content_type = content_type.map(String::as_str).unwrap_or_default();
    match (bytes, serde_json::from_slice(bytes)) {
        ([], _) => Body::Empty,
        (_, Ok(json)) => Body::Json(json),
        _ if content_type == "application/x-www-form-urlencoded" => {
            let fields = url::form_urlencoded::parse(bytes);
            Body::Form(
                fields
                    .map(|(name, value)| (name.into_owned(), value.into()))
                    .collect(),
            )
        }
        _ => Body::Text(String::from_utf8_lossy(bytes).into_owned()),
    }
}

fn written(
    Answer {
        status,
        headers,
        body,
    }: &Answer,
) -> Vec<u8> {
    let body = match body {
        Body::Json(json) => json.to_string(),
        Body::Text(text) => text.clone(),
        // Everything in a documented refusal may be missing.
        Body::Untold => "{}".to_owned(),
        Body::Empty | Body::Form(_) => String::new(),
    };
    let mut head = format!("HTTP/1.1 {status} Recorded\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        if ![
            "content-length",
            "transfer-encoding",
            "content-encoding",
            "connection",
        ]
        .contains(&name.as_str())
        {
            head.extend([name, ": ", value, "\r\n"]);
        }
    }
    format!("{head}\r\n{body}").into_bytes()
}
