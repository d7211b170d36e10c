//! A plain client of the simulated APIs, which knows nothing of the simulator's inside.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Method, StatusCode};
use pingone_aic_simulator::tenant::ServiceAccount;
use pingone_aic_simulator::{Mutability, Network, Side, Tenant};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) const HOST: &str = "openam-mycompany-ew2-dev.id.forgerock.io";
pub(crate) const ESV: &str = "protocol=1.0,resource=1.0";
pub(crate) const AM: &str = "protocol=2.0,resource=1.0";
pub(crate) const PROMOTION: &str = "protocol=1.0,resource=1.0";
pub(crate) const ALL_SCOPES: [&str; 3] = ["fr:am:*", "fr:idc:esv:*", "fr:idc:promotion:*"];

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    /// The body as JSON; null if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    /// The body, of an answer with this status.
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.json()
    }
}

pub(crate) fn client(network: &Network) -> reqwest::Client {
    let ca = reqwest::Certificate::from_pem(network.ca_pem().as_bytes()).unwrap();
    let proxy = reqwest::Proxy::https(network.proxy_url()).unwrap();
    reqwest::Client::builder()
        .tls_certs_only([ca])
        .proxy(proxy)
        .build()
        .unwrap()
}

pub(crate) async fn send(request: reqwest::RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Reply {
        status,
        headers,
        text: response.text().await.unwrap(),
    }
}

/// A client that is logged in at one tenant.
pub(crate) struct Caller {
    pub(crate) network: Network,
    pub(crate) tenant: Tenant,
    pub(crate) http: reqwest::Client,
    pub(crate) account: ServiceAccount,
    pub(crate) token: String,
}

impl Caller {
    /// A network with a mutable tenant, and all scopes there.
    pub(crate) async fn start() -> Self {
        Self::at(&Network::start().await, HOST, Mutability::Mutable, &ALL_SCOPES).await
    }

    pub(crate) async fn at(network: &Network, host: &str, mutability: Mutability, scopes: &[&str]) -> Self {
        let tenant = network.tenant(host, mutability);
        let account = tenant.create_service_account("operator", scopes);
        let http = client(network);
        let mut caller = Self {
            network: network.clone(),
            tenant,
            http,
            account,
            token: String::new(),
        };
        caller.log_in(scopes).await;
        caller
    }

    pub(crate) async fn log_in(&mut self, scopes: &[&str]) {
        let assertion = sign(&self.account.jwk, &json!({"alg": "RS256"}), &self.claims());
        let reply = self
            .ask_for_token(&Self::form(&assertion, &scopes.join(" ")))
            .await;
        reply.expect(200)["access_token"]
            .as_str()
            .unwrap()
            .clone_into(&mut self.token);
    }

    /// The claims of a good assertion.
    pub(crate) fn claims(&self) -> Value {
        let endpoint = format!("{}/am/oauth2/access_token", self.tenant.url());
        let expires = self.network.clock().now().as_second() + 179;
        let id = &self.account.id;
        json!({"iss": id, "sub": id, "aud": endpoint, "exp": expires, "jti": Uuid::new_v4().to_string()})
    }

    /// The form of a good request for a token.
    pub(crate) fn form(assertion: &str, scope: &str) -> Vec<(&'static str, String)> {
        vec![
            ("client_id", "service-account".to_owned()),
            (
                "grant_type",
                "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned(),
            ),
            ("assertion", assertion.to_owned()),
            ("scope", scope.to_owned()),
        ]
    }

    pub(crate) async fn ask_for_token(&self, form: &[(&'static str, String)]) -> Reply {
        send(
            self.http
                .post(format!("{}/am/oauth2/access_token", self.tenant.url()))
                .form(form),
        )
        .await
    }

    /// A request with token and version, to a path of the tenant.
    pub(crate) fn request(&self, method: Method, path: &str, version: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.tenant.url()));
        request
            .bearer_auth(&self.token)
            .header("Accept-API-Version", version)
    }

    pub(crate) async fn get(&self, path: &str, version: &str) -> Reply {
        send(self.request(Method::GET, path, version)).await
    }

    pub(crate) async fn put(&self, path: &str, version: &str, body: &Value) -> Reply {
        send(self.request(Method::PUT, path, version).json(body)).await
    }

    pub(crate) async fn post(&self, path: &str, version: &str, body: &Value) -> Reply {
        send(self.request(Method::POST, path, version).json(body)).await
    }

    /// A POST with a body of no length.
    pub(crate) async fn act(&self, path: &str, version: &str) -> Reply {
        let request = self.request(Method::POST, path, version);
        send(request.header(CONTENT_LENGTH, 0)).await
    }

    pub(crate) async fn delete(&self, path: &str, version: &str) -> Reply {
        send(self.request(Method::DELETE, path, version)).await
    }

    /// Creates a generic ESV without placeholders.
    pub(crate) async fn create_secret(&self, id: &str, value: &str) -> Value {
        let body = json!({"encoding": "generic", "useInPlaceholders": false, "valueBase64": base64(value)});
        self.put(&format!("/environment/secrets/{id}"), ESV, &body)
            .await
            .expect(200)
    }

    pub(crate) async fn enable_worker_service(&self, realm: &str) {
        let path = format!("{}/services/pingOneWorkerService", realm_path(realm));
        self.put(&path, AM, &json!({"enabled": true})).await.expect(201);
    }

    /// Creates a worker that connects via a credential.
    pub(crate) async fn create_worker(&self, realm: &str, name: &str, identifier: &str) -> Value {
        let body = json!({"useCredential": true, "credentialPurpose": identifier});
        self.put(&worker_path(realm, name), AM, &body).await.expect(201)
    }

    pub(crate) async fn map(&self, realm: &str, label: &str, esv: &str) -> Reply {
        let body = json!({"secretId": label, "aliases": [esv]});
        self.put(&mapping_path(realm, label), AM, &body).await
    }
}

impl Drop for Caller {
    /// Every answer has to be one that the vendor's description allows, whatever the request was.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let violations = self.network.openapi_violations();
            assert!(
                violations.iter().all(|violation| violation.side == Side::Request),
                "{violations:#?}"
            );
        }
    }
}

/// Asserts that requests, too, were as the vendor's description has them.
pub(crate) fn assert_as_described(network: &Network) {
    let violations = network.openapi_violations();
    assert!(violations.is_empty(), "{violations:#?}");
}

pub(crate) fn realm_path(realm: &str) -> String {
    format!("/am/json/realms/root/realms/{realm}/realm-config")
}

pub(crate) fn worker_path(realm: &str, name: &str) -> String {
    format!(
        "{}/services/pingOneWorkerService/workers/{name}",
        realm_path(realm)
    )
}

pub(crate) fn mapping_path(realm: &str, label: &str) -> String {
    let store = "secrets/stores/GoogleSecretManagerSecretStoreProvider/ESV";
    format!("{}/{store}/mappings/{label}", realm_path(realm))
}

pub(crate) fn credential_label(identifier: &str) -> String {
    format!("am.services.pingone.worker.{identifier}.credential")
}

pub(crate) fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

/// A JWT signed with RS256 by the key in the JWK.
pub(crate) fn sign(jwk: &str, header: &Value, claims: &Value) -> String {
    let jwk: Value = serde_json::from_str(jwk).unwrap();
    let member = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let public_key = PublicKeyComponents {
        n: member("n"),
        e: member("e"),
    };
    let key = KeyPair::from_components(&KeyPairComponents {
        public_key,
        d: member("d"),
        p: member("p"),
        q: member("q"),
        dP: member("dp"),
        dQ: member("dq"),
        qInv: member("qi"),
    })
    .unwrap();
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let input = format!("{}.{}", encode(header), encode(claims));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        input.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}
