//! Proxy, TLS, journal and clock.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use pingone_aic_simulator::{Mutability, Network, Region};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::caller::{Caller, HOST, client, send};

#[tokio::test]
async fn a_known_host_answers_under_its_own_name_with_a_certificate_of_the_network() {
    let network = Network::start().await;
    let _europe = network.pingone(Region::Europe);
    let reply = send(client(&network).get("https://api.pingone.eu/v1/environments/x")).await;
    assert_eq!(reply.status, 401);
    let (other, stranger) = (Network::start().await, client(&network));
    let _same = other.pingone(Region::Europe);
    let untrusting = reqwest::Client::builder()
        .proxy(reqwest::Proxy::https(network.proxy_url()).unwrap())
        .build();
    assert!(
        untrusting
            .unwrap()
            .get("https://api.pingone.eu/")
            .send()
            .await
            .is_err()
    );
    assert!(stranger.get("https://auth.pingone.eu/").send().await.is_ok());
    assert_ne!(network.ca_pem(), other.ca_pem());
}

#[tokio::test]
async fn an_unknown_host_is_refused_and_recorded() {
    let network = Network::start().await;
    let _europe = network.pingone(Region::Europe);
    let http = client(&network);
    send(http.get("https://api.pingone.eu/")).await;
    assert!(http.get("https://evil.example/").send().await.is_err());
    assert!(http.get("https://api.pingone.eu:8443/").send().await.is_err());
    assert!(http.get("https://api.pingone.com/").send().await.is_err());
    let expected = [
        "api.pingone.eu:443",
        "evil.example:443",
        "api.pingone.eu:8443",
        "api.pingone.com:443",
    ];
    assert_eq!(network.connects(), expected);
    assert_eq!(network.position(), 1);
}

#[tokio::test]
async fn a_tenant_on_another_port_is_another_host() {
    let network = Network::start().await;
    let tenant = network.tenant("localhost.example:8443", Mutability::Mutable);
    let http = client(&network);
    assert_eq!(
        send(http.get(format!("{}/nothing", tenant.url()))).await.status,
        404
    );
    assert!(
        http.get("https://localhost.example/nothing")
            .send()
            .await
            .is_err()
    );
    assert_eq!(network.journal()[0].host, "localhost.example:8443");
}

#[tokio::test]
async fn the_proxy_knows_no_method_but_connect() {
    let network = Network::start().await;
    let address = network.proxy_url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET http://api.pingone.eu/ HTTP/1.1\r\nHost: api.pingone.eu\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
}

#[tokio::test]
async fn one_connection_serves_many_requests_of_one_host_only() {
    let caller = Caller::start().await;
    for _ in 0..3 {
        caller
            .get("/environment/startup", "resource=1.0")
            .await
            .expect(200);
    }
    assert_eq!(caller.network.connects(), [format!("{HOST}:443")]);
    let misdirected = send(
        caller
            .http
            .get(format!("https://{HOST}/environment/startup"))
            .header("Host", "api.pingone.eu"),
    );
    assert_eq!(misdirected.await.status, 421);
}

#[tokio::test]
async fn the_journal_tells_everything_but_the_credentials_in_the_header() {
    let started = Instant::now();
    let caller = Caller::start().await;
    let reply = caller.create_secret("esv-a", "one").await;
    let journal = caller.network.journal();
    let [token, create] = journal.as_slice() else {
        panic!("two exchanges: {journal:?}")
    };
    assert_eq!((token.sequence, create.sequence), (0, 1));
    assert!(started < token.at && token.at < create.at && create.at < Instant::now());
    assert_eq!(token.request["client_id"], "service-account");
    assert!(create.is("PUT", "/environment/secrets/esv-a"));
    assert_eq!((create.host.as_str(), create.status), (HOST, Some(200)));
    assert_eq!(create.request["valueBase64"], "b25l");
    assert_eq!(create.response, reply);
    assert_eq!(create.headers["authorization"], "Bearer");
    assert_eq!(create.headers["accept-api-version"], "protocol=1.0,resource=1.0");
    assert!(create.transaction_id.is_some());
    assert_eq!(caller.network.journal_since(1).len(), 1);
}

#[tokio::test]
async fn a_test_can_wait_for_an_exchange() {
    let caller = Caller::start().await;
    let network = caller.network.clone();
    let waiting = tokio::spawn(async move {
        network
            .wait_for(Duration::from_mins(1), |it| {
                it.action() == Some("create") && it.status.is_some()
            })
            .await
    });
    caller.create_secret("esv-a", "one").await;
    let path = "/environment/secrets/esv-a/versions?_action=create";
    caller
        .post(path, "resource=1.0", &serde_json::json!({"valueBase64": "dHdv"}))
        .await
        .expect(200);
    let found = waiting.await.unwrap().expect("the exchange");
    assert_eq!((found.sequence, found.status), (2, Some(200)));
    let never = caller
        .network
        .wait_for(Duration::from_millis(1), |it| it.method == "PATCH")
        .await;
    assert!(never.is_none());
}

#[tokio::test]
async fn answers_are_dated_by_the_clock_of_the_network_and_of_the_tenant() {
    let caller = Caller::start().await;
    let network = &caller.network;
    let _europe = network.pingone(Region::Europe);
    network.clock().advance(Duration::from_hours(24));
    caller.tenant.set_clock_skew(SignedDuration::from_mins(-5));
    let date = async |url: &str| {
        let reply = send(caller.http.get(url)).await;
        jiff::fmt::rfc2822::parse(reply.header("date"))
            .unwrap()
            .timestamp()
            .as_second()
    };
    let before = Timestamp::now().as_second();
    let of_pingone = date("https://api.pingone.eu/").await;
    let of_tenant = date(&caller.tenant.url()).await;
    let after = Timestamp::now().as_second();
    assert!(
        (before..=after).contains(&(of_pingone - 86_400)),
        "{before} {of_pingone} {after}"
    );
    assert!(
        (before..=after).contains(&(of_tenant - 86_400 + 300)),
        "{before} {of_tenant} {after}"
    );
}

#[tokio::test]
async fn answers_of_a_tenant_have_transaction_ids_but_for_many_of_the_esv_service() {
    let caller = Caller::start().await;
    let id = || async {
        let reply = send(caller.http.get(format!("https://{HOST}/nothing"))).await;
        reply.header("X-ForgeRock-TransactionId").to_owned()
    };
    let (first, second) = (id().await, id().await);
    assert!(!first.is_empty());
    assert_ne!(first, second);
    let mut traced = Vec::new();
    for _ in 0..4 {
        let reply = caller.get("/environment/secrets/esv-a", "resource=1.0").await;
        traced.push(!reply.header("X-ForgeRock-TransactionId").is_empty());
    }
    assert_eq!(traced, [true, false, true, false]);
}

#[tokio::test]
async fn the_network_ends_with_its_last_handle() {
    let network = Network::start().await;
    let address = network.proxy_url().trim_start_matches("http://").to_owned();
    let clone = network.clone();
    drop(network);
    let mut open = TcpStream::connect(&address).await.unwrap();
    drop(clone);
    assert_eq!(
        open.read(&mut [0]).await.unwrap_or(0),
        0,
        "an open connection is closed"
    );
}
