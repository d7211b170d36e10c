//! A host that is no simulation: what comes for it goes to the real server, and what that answers flows back.
//!
//! So the calls of the program under test to its Kubernetes API server meet the same faults, and stand in the
//! same journal, as those to the vendors.

use std::sync::Arc;

use http::header::{CONNECTION, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::message::Request;

/// Of one hop, and not of the message: they are not passed on.
const OF_ONE_HOP: [HeaderName; 3] = [CONNECTION, HOST, TRANSFER_ENCODING];

/// The real server behind a host.
#[derive(Clone)]
pub(crate) struct Relay {
    address: String,
    tls: TlsConnector,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Relay")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Relay {
    /// To the server at this `host:port`, which proves itself by this authority (PEM).
    pub(crate) fn new(address: &str, ca_pem: &str) -> Self {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
            let certificate = certificate.expect("the authority is PEM");
            roots.add(certificate).expect("the authority is a certificate");
        }
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has the default versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self {
            address: address.to_owned(),
            tls: TlsConnector::from(Arc::new(config)),
        }
    }

    /// Passes a request on. The answer's body flows as it comes: a watch never ends.
    pub(crate) async fn pass_on(
        &self,
        request: &Request,
    ) -> Result<hyper::Response<Incoming>, Box<dyn std::error::Error + Send + Sync>> {
        let stream = TcpStream::connect(&self.address).await?;
        let name = self
            .address
            .rsplit_once(':')
            .map_or(&*self.address, |(name, _)| name);
        let stream = self
            .tls
            .connect(ServerName::try_from(name.to_owned())?, stream)
            .await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // It ends with the answer's body, or when either side goes away.
        tokio::spawn(connection);
        let target = if request.query.is_empty() {
            request.path.clone()
        } else {
            format!("{}?{}", request.path, request.query)
        };
        let mut onward = hyper::Request::new(Full::new(Bytes::clone(&request.body)));
        *onward.method_mut() = request.method.clone();
        *onward.uri_mut() = target.parse()?;
        *onward.headers_mut() = request.headers.clone();
        for header in OF_ONE_HOP {
            onward.headers_mut().remove(header);
        }
        onward
            .headers_mut()
            .insert(HOST, HeaderValue::from_str(&self.address)?);
        let mut answer = sender.send_request(onward).await?;
        for header in OF_ONE_HOP {
            answer.headers_mut().remove(header);
        }
        Ok(answer)
    }
}
