//! A host that is no simulation: what comes for it goes to the real server, and what that answers flows back.
//!
//! So the calls of the program under test to its Kubernetes API server meet the same faults, and stand in the
//! same journal, as those to the vendors.

use http::header::{CONNECTION, HOST, HeaderName, TRANSFER_ENCODING};
use reqwest::{Body, Certificate, Client, redirect};

use crate::message::Request;

/// Of one hop, and not of the message: they are not passed on.
const OF_ONE_HOP: [HeaderName; 3] = [CONNECTION, HOST, TRANSFER_ENCODING];

/// The real server behind a host.
#[derive(Clone, Debug)]
pub(crate) struct Relay {
    address: String,
    client: Client,
}

impl Relay {
    /// To the server at this `host:port`, which proves itself by this authority (PEM).
    pub(crate) fn new(address: &str, ca_pem: &str) -> Self {
        let authority = Certificate::from_pem(ca_pem.as_bytes()).expect("the authority is PEM");
        let client = Client::builder()
            .tls_certs_only([authority])
            .no_proxy()
            .redirect(redirect::Policy::none())
            .build()
            .expect("the client is configured correctly");
        Self {
            address: address.to_owned(),
            client,
        }
    }

    /// Passes a request on. The answer's body flows as it comes: a watch never ends.
    pub(crate) async fn pass_on(&self, request: &Request) -> reqwest::Result<http::Response<Body>> {
        let Self { address, client } = self;
        let (path, query) = (&request.path, &request.query);
        let separator = if query.is_empty() { "" } else { "?" };
        let mut headers = request.headers.clone();
        for header in OF_ONE_HOP {
            headers.remove(header);
        }
        let mut answer: http::Response<Body> = client
            .request(
                request.method.clone(),
                format!("https://{address}{path}{separator}{query}"),
            )
            .headers(headers)
            .body(request.body.clone())
            .send()
            .await?
            .into();
        for header in OF_ONE_HOP {
            answer.headers_mut().remove(header);
        }
        Ok(answer)
    }
}
