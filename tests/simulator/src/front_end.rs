//! The load balancer in front of every tenant: what it answers itself, before or after the tenant has seen the
//! request. Its pages are HTML and bear neither `via` nor a transaction id.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Method, StatusCode, Version};

use crate::message::{Answer, Request};

const WITH_BODY: [Method; 3] = [Method::POST, Method::PUT, Method::PATCH];

/// Whether the front end refuses the request with 411: it neither tells its length nor comes in chunks.
pub(crate) fn misses_length(request: &Request) -> bool {
    request.version == Version::HTTP_11
        && WITH_BODY.contains(&request.method)
        && !request.headers.contains_key(CONTENT_LENGTH)
        && !request
            .header(TRANSFER_ENCODING.as_str())
            .is_some_and(|coding| coding.to_ascii_lowercase().contains("chunked"))
}

/// The front end's page for a status.
pub(crate) fn page(status: StatusCode) -> Answer {
    let title = status.canonical_reason().unwrap_or_default();
    let code = status.as_u16();
    Answer::empty(status)
        .header("Content-Type", "text/html; charset=UTF-8")
        .header("Referrer-Policy", "no-referrer")
        .body(format!(
            "<!DOCTYPE html>\n<html lang=en>\n<title>Error {code} ({title})</title>\n<p><b>{code}.</b> That is an error.\n"
        ))
}
