//! One HTTP exchange: read, meet a fault or the site, check, journal, answer.

use std::fmt;
use std::future::pending;
use std::sync::Arc;

use http::{HeaderValue, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use uuid::Uuid;

use crate::clock::http_date;
use crate::fault::Fault;
use crate::front_end;
use crate::message::{Answer, Request};
use crate::network::Shared;
use crate::pingone::PingOne;
use crate::relay::Relay;
use crate::tenant::Tenant;

/// What the load balancer puts on what a tenant answers.
const VIA: &str = "1.1 google";

/// Who answers at a host.
#[derive(Clone, Debug)]
pub(crate) enum Site {
    PingOneApi(PingOne),
    PingOneAuth(PingOne),
    Tenant(Tenant),
    Relay(Relay),
}

impl Site {
    fn answer(&self, request: &Request) -> Answer {
        match self {
            Self::PingOneApi(pingone) => pingone.answer_api(request),
            Self::PingOneAuth(pingone) => pingone.answer_auth(request),
            Self::Tenant(tenant) => tenant.answer(request),
            Self::Relay(_) => Answer::empty(StatusCode::BAD_GATEWAY),
        }
    }

    fn now(&self) -> Timestamp {
        match self {
            Self::Relay(_) => Timestamp::now(),
            Self::PingOneApi(pingone) | Self::PingOneAuth(pingone) => pingone.now(),
            Self::Tenant(tenant) => tenant.now(),
        }
    }
}

/// The connection is closed without an answer, as a fault demands.
#[derive(Debug)]
struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the connection is closed by rule")
    }
}

impl std::error::Error for Closed {}

/// Serves HTTP/1.1 on the stream until either side closes it.
pub(crate) async fn serve<S>(stream: S, host: String, site: Site, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(|request| exchange(request, &host, &site, &shared));
    // An error here is a client that went away or a fault that closed the connection.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

type Body = BoxBody<Bytes, reqwest::Error>;

/// What came of processing a request.
enum Made {
    Answer(Answer),
    Flow(http::Response<reqwest::Body>),
}

async fn exchange(
    request: hyper::Request<Incoming>,
    host: &str,
    site: &Site,
    shared: &Arc<Shared>,
) -> Result<hyper::Response<Body>, Closed> {
    let request = read(request).await?;
    if matches!(site, Site::Tenant(_)) && front_end::misses_length(&request) {
        let sequence = shared.journal().begin(host, &request, Value::Null, None);
        let answer = dated(site, front_end::page(StatusCode::LENGTH_REQUIRED));
        shared.journal().finish(sequence, &answer);
        return Ok(whole(answer));
    }
    let is_relayed = matches!(site, Site::Relay(_));
    let mut met = shared.faults().meet(host, &request);
    let fault = met.as_ref().map(|met| met.fault.clone());
    // What goes to a real server holds what is nobody's business here.
    let body = if is_relayed {
        Value::Null
    } else {
        request.parsed_body()
    };
    let sequence = shared.journal().begin(host, &request, body, fault.as_ref());
    let hangs = matches!(fault, Some(Fault::Hang | Fault::HangAfter | Fault::Gateway));
    // Who waits for a vendor does so by the clock that tests move; who waits for a real server, by everybody's.
    let _counted = match (hangs, is_relayed) {
        (false, _) => Some(shared.in_flight()),
        (true, true) => Some(shared.hanging()),
        (true, false) => None,
    };
    let _written = (is_relayed && request.method != http::Method::GET).then(|| shared.write());
    if matches!(fault, Some(Fault::Gateway)) {
        let (host, site, shared) = (host.to_owned(), site.clone(), Arc::clone(shared));
        tokio::spawn(async move {
            if let Some(met) = &mut met {
                met.removed().await;
            }
            if let Ok(Made::Answer(answer)) = process(&request, &host, &site, &shared, sequence).await {
                shared.journal().finish(sequence, &answer);
            }
        });
        return pending().await;
    }
    let process = async || process(&request, host, site, shared, sequence).await;
    let made = match &fault {
        None
        | Some(
            Fault::CloseAfter | Fault::HangAfter | Fault::Garbage | Fault::FrontEnd { processed: true, .. },
        ) => process().await?,
        Some(Fault::FrontEnd { status, .. }) => Made::Answer(dated(site, front_end::page(*status))),
        Some(Fault::Hold) => {
            if let Some(met) = &mut met {
                met.removed().await;
            }
            process().await?
        }
        Some(Fault::Delay(delay)) => {
            tokio::time::sleep(*delay).await;
            process().await?
        }
        Some(Fault::Status {
            status,
            headers,
            body,
        }) => Made::Answer(finished(
            site,
            Answer {
                status: *status,
                headers: headers.clone(),
                body: body.clone(),
                traced: true,
            },
        )),
        Some(Fault::CloseBefore) => return Err(Closed),
        Some(Fault::Hang | Fault::Gateway) => pending().await,
    };
    match &made {
        Made::Answer(answer) => shared.journal().finish(sequence, answer),
        Made::Flow(response) => shared.journal().finish_with(sequence, response.status().as_u16()),
    }
    match fault {
        Some(Fault::CloseAfter) => return Err(Closed),
        Some(Fault::HangAfter) => pending().await,
        _ => {}
    }
    let made = match fault {
        Some(Fault::Garbage) => {
            let garbage = Answer::empty(StatusCode::OK).body("<html>\u{fffd}{".to_owned());
            Made::Answer(finished(site, garbage))
        }
        Some(Fault::FrontEnd { status, .. }) => Made::Answer(dated(site, front_end::page(status))),
        _ => made,
    };
    Ok(match made {
        Made::Answer(answer) => whole(answer),
        Made::Flow(response) => response.map(BodyExt::boxed),
    })
}

async fn process(
    request: &Request,
    host: &str,
    site: &Site,
    shared: &Shared,
    sequence: usize,
) -> Result<Made, Closed> {
    if !is_for(request, host) {
        let answer = Answer::empty(StatusCode::MISDIRECTED_REQUEST);
        return Ok(Made::Answer(finished(site, answer)));
    }
    if let Site::Relay(relay) = site {
        return relay.pass_on(request).await.map(Made::Flow).map_err(|_| Closed);
    }
    let answer = finished(site, site.answer(request));
    if matches!(site, Site::Tenant(_)) {
        shared.openapi().check(sequence, request, &answer);
    }
    Ok(Made::Answer(answer))
}

/// Whether the request's `Host` is the host whose connection it came over.
fn is_for(request: &Request, host: &str) -> bool {
    request
        .header("host")
        .is_some_and(|named| named.strip_suffix(":443").unwrap_or(named) == host)
}

/// Adds what every answer of a site carries.
fn finished(site: &Site, answer: Answer) -> Answer {
    let traced = answer.traced;
    let answer = dated(site, answer);
    match site {
        Site::Tenant(_) if traced => answer
            .header("Via", VIA)
            .header("X-ForgeRock-TransactionId", Uuid::new_v4().to_string()),
        Site::Tenant(_) => answer.header("Via", VIA),
        Site::PingOneApi(_) | Site::PingOneAuth(_) | Site::Relay(_) => answer,
    }
}

fn dated(site: &Site, answer: Answer) -> Answer {
    answer.header("Date", http_date(site.now()))
}

async fn read(request: hyper::Request<Incoming>) -> Result<Request, Closed> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
    Ok(Request {
        method: head.method,
        version: head.version,
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body,
    })
}

fn whole(answer: Answer) -> hyper::Response<Body> {
    write(answer).map(|body| body.map_err(|never| match never {}).boxed())
}

fn write(answer: Answer) -> hyper::Response<Full<Bytes>> {
    let mut response = hyper::Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = answer.status;
    for (name, value) in answer.headers {
        let name = http::HeaderName::try_from(name).expect("a header has a legal name");
        let value = HeaderValue::try_from(value).expect("a header has a legal value");
        response.headers_mut().append(name, value);
    }
    response
}
