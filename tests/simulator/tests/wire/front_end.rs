//! The load balancer in front of every tenant.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Method;
use http::header::CONTENT_LENGTH;
use hyper::body::{Body, Bytes, Frame};
use pingone_aic_simulator::{Fault, Network, Region, Rule};

use crate::caller::{Caller, ESV, HOST, PROMOTION, Reply, client, send};

const LOCK: &str = "/environment/promotion/lock";

/// Asserts that the front end made this itself, and no service behind it.
fn assert_page(reply: &Reply, status: u16) {
    assert_eq!(reply.status.as_u16(), status, "{}", reply.text);
    assert_eq!(reply.header("content-type"), "text/html; charset=UTF-8");
    assert!(
        reply.text.contains(&format!("<title>Error {status}")),
        "{}",
        reply.text
    );
    for name in ["via", "x-forgerock-transactionid"] {
        assert_eq!(reply.header(name), "", "{name}");
    }
    assert!(!reply.header("date").is_empty());
}

#[tokio::test]
async fn a_request_that_may_have_a_body_tells_its_length() {
    let caller = Caller::start().await;
    let fault = caller.network.fault(Rule::anywhere(), Fault::status(500));
    for method in [Method::POST, Method::PUT, Method::PATCH] {
        let before = caller.network.position();
        let reply = send(caller.request(method.clone(), LOCK, PROMOTION)).await;
        assert_page(&reply, 411);
        let [exchange] = &caller.network.journal_since(before)[..] else {
            panic!("one exchange of {method}")
        };
        assert!(exchange.is(method.as_str(), LOCK));
        assert_eq!((exchange.status, &exchange.fault), (Some(411), &None));
    }
    assert_eq!(fault.hits(), 0, "nothing else has seen them");
    assert!(caller.network.openapi_violations().is_empty());
}

#[tokio::test]
async fn a_length_of_zero_and_a_body_in_chunks_will_do_and_other_methods_need_none() {
    let caller = Caller::start().await;
    let post = || caller.request(Method::POST, LOCK, PROMOTION);
    let chunks = reqwest::Body::wrap(Chunks(Some("{}")));
    let below = "There is no environment below this one";
    for request in [post().header(CONTENT_LENGTH, 0), post().body(chunks)] {
        assert_eq!(send(request).await.expect(404)["message"], below);
    }
    for method in [Method::GET, Method::DELETE] {
        let reply = send(caller.request(method, "/environment/secrets/esv-a", ESV)).await;
        reply.expect(404);
    }
}

/// A body that does not tell its length.
struct Chunks(Option<&'static str>);

impl Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let chunk = self.0.take();
        Poll::Ready(chunk.map(|text| Ok(Frame::data(Bytes::from_static(text.as_bytes())))))
    }
}

#[tokio::test]
async fn only_tenants_have_it() {
    let network = Network::start().await;
    let _europe = network.pingone(Region::Europe);
    let http = client(&network);
    let reply = send(http.post("https://api.pingone.eu/v1/environments/x")).await;
    assert_eq!(reply.status, 405);
    assert_eq!(reply.header("via"), "");
}

#[tokio::test]
async fn what_a_tenant_answers_goes_through_it() {
    let caller = Caller::start().await;
    for path in ["/environment/secrets", "/environment/startup", "/nothing"] {
        assert_eq!(caller.get(path, ESV).await.header("via"), "1.1 google", "{path}");
    }
}

#[tokio::test]
async fn its_pages_take_the_place_of_an_answer_on_demand() {
    let caller = Caller::start().await;
    let path = "/environment/secrets/esv-a";
    let body = serde_json::json!({"encoding": "generic", "useInPlaceholders": false, "valueBase64": "eA=="});
    for (fault, status, processed) in [
        (Fault::front_end(403), 403, false),
        (Fault::front_end(502), 502, false),
        (Fault::front_end_after(502), 502, true),
    ] {
        caller
            .network
            .fault(Rule::on(HOST).method("PUT").times(1), fault.clone());
        assert_page(&caller.put(path, ESV, &body).await, status);
        assert_eq!(caller.tenant.secret("esv-a").is_some(), processed);
        let exchange = caller.network.journal().pop().unwrap();
        assert_eq!(exchange.fault, Some(fault));
        let shown = if processed { 200 } else { status };
        assert_eq!(exchange.status, Some(shown), "a lost answer is in the journal");
    }
}
