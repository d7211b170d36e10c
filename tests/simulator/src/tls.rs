//! The network's own certificate authority, and a leaf certificate for each host that is asked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;

#[derive(Debug)]
pub(crate) struct CertificateAuthority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    configs: Mutex<HashMap<String, Arc<ServerConfig>>>,
}

impl CertificateAuthority {
    pub(crate) fn generate() -> Self {
        let key = KeyPair::generate().expect("keys can be generated");
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "simulated network");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let pem = params.self_signed(&key).expect("a CA signs itself").pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
            configs: Mutex::default(),
        }
    }

    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// TLS for this DNS name, HTTP/1.1 only.
    pub(crate) fn server_config(&self, name: &str) -> Arc<ServerConfig> {
        let mut configs = self.configs.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(
            configs
                .entry(name.to_owned())
                .or_insert_with(|| Arc::new(self.issue(name))),
        )
    }

    fn issue(&self, name: &str) -> ServerConfig {
        let key = KeyPair::generate().expect("keys can be generated");
        let params = CertificateParams::new([name.to_owned()]).expect("a host is a DNS name");
        let leaf = params.signed_by(&key, &self.issuer).expect("the CA signs");
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has the default versions")
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .expect("the key fits the certificate");
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config
    }
}
