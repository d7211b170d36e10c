//! A simulated vendor that answers with the fuzzer's bytes, and the operator's HTTP stack that reads them.

use std::sync::Arc;
use std::time::Duration;

use pingone_aic_operator::clock::Clock;
use pingone_aic_operator::http::{
    AllowList, Error, Host, Http, News, Observer, Outcome, Priority, Rate, Settings,
};
use pingone_aic_simulator::{Fault, Network, Rule};

/// What must not come back from anywhere.
pub const SECRET: &str = "the-secret-that-nobody-may-see";
/// Stands for the secret in the fuzzer's bytes: a vendor may repeat what it was sent.
const ECHO: char = '\u{1}';
const STATUSES: [u16; 16] = [
    200, 201, 202, 204, 301, 302, 400, 401, 403, 404, 409, 418, 429, 500, 502, 503,
];

struct Nobody;

impl Observer for Nobody {
    fn call_ended(&self, _: &'static str, _: &'static str, _: Duration) {}
    fn had_its_turn(&self, _: Priority, _: Duration) {}
    fn host_changed(&self, _: &Host, _: News) {}
}

/// The network's HTTP stack: with no past, so that no former `Retry-After` holds it back.
pub fn stack(network: &Network) -> Http {
    let settings = Settings {
        allowed: AllowList::new(
            ["*.id.forgerock.io", "*.pingone.eu"].map(|pattern| pattern.parse().unwrap()),
        ),
        rate: Rate {
            per_second: 1e9,
            burst: 1e9,
        },
        extra_roots: network.ca_pem().into_bytes(),
        observer: Arc::new(Nobody),
    };
    Http::new(settings, Clock::system()).unwrap()
}

/// A network through whose proxy this process goes from now on.
pub fn network(runtime: &tokio::runtime::Runtime) -> Network {
    let network = runtime.block_on(Network::start());
    std::env::set_var("HTTPS_PROXY", network.proxy_url());
    std::env::remove_var("NO_PROXY");
    std::env::remove_var("no_proxy");
    network
}

/// What the fuzzer's bytes make the vendor do: which call is made, and how it is answered.
pub fn answer(data: &[u8]) -> Option<(u8, Fault)> {
    let [which, status, header, body @ ..] = data else {
        return None;
    };
    let body = String::from_utf8_lossy(body).replace(ECHO, SECRET);
    let status = STATUSES[usize::from(*status) % STATUSES.len()];
    let fault = Fault::status(status).body(&body);
    let value: String = body
        .chars()
        .filter(|c| (' '..='~').contains(c))
        .take(40)
        .collect();
    Some((
        *which,
        match header % 4 {
            1 => fault.header("Retry-After", &value),
            2 => fault.header("Date", &value),
            3 => fault.header("X-ForgeRock-TransactionId", &value),
            _ => fault,
        },
    ))
}

/// What holds of every failure of a call.
pub fn check(error: &Error, once_only: bool) {
    let is_known = matches!(error.status(), Some(400 | 401 | 403 | 409 | 429));
    if once_only && error.status().is_some() {
        assert_eq!(error.outcome() == Outcome::NotDone, is_known, "{error:?}");
    }
    assert!(error
        .wait()
        .is_none_or(|wait| wait <= Duration::from_secs(366 * 24 * 3600)));
}

/// The rule for one host, removed when the answer has been read.
pub fn spoil(network: &Network, host: &str, path: &str, fault: Fault) -> impl Drop {
    struct Spoiled(pingone_aic_simulator::FaultHandle);
    impl Drop for Spoiled {
        fn drop(&mut self) {
            self.0.remove();
        }
    }
    Spoiled(network.fault(Rule::on(host).path_contains(path), fault))
}
