//! What an exchange is played with: the server, and clients that trust it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use pingone_aic_operator::{
    aic::{Aic, ServiceAccount},
    clock::Clock,
    http::{AllowList, Host, HostPattern, Http, News, Observer, Priority, Rate, Settings},
};
use pingone_aic_simulator::{Mutability, Network};
use serde_json::{Value, json};

use crate::{
    exchange::{Answer, Exchange},
    play::Play,
    server::Server,
};

/// The server, and an account that every tenant knows.
pub struct Stage {
    server: Server,
    account: Arc<ServiceAccount>,
    /// What no message may hold.
    pub secrets: Vec<String>,
}

impl Stage {
    /// Starts the server.
    pub async fn new() -> Self {
        let tenant = Network::start().await.tenant("keys.example", Mutability::Mutable);
        let account = tenant.create_service_account("keys", &[]);
        let key: Value = serde_json::from_str(&account.jwk).unwrap();
        let mut secrets = vec![TOKEN.to_owned()];
        secrets.extend(["d", "p", "q"].map(|member| key[member].as_str().unwrap().to_owned()));
        Self {
            server: Server::start().await,
            account: Arc::new(ServiceAccount::parse(&account.id, account.jwk.as_bytes()).unwrap()),
            secrets,
        }
    }

    /// Plays an exchange to clients that know nothing yet.
    pub fn play<'a>(&self, exchange: &'a Exchange) -> Play<'a> {
        let (clock, control) = Clock::controlled();
        let host: Host = self.server.address.parse().unwrap();
        let rate = Rate {
            per_second: 100.0,
            burst: 100.0,
        };
        let settings = Settings {
            allowed: AllowList::new([HostPattern::Exact(host.clone())]),
            rate,
            extra_roots: self.server.certificate.clone().into_bytes(),
            observer: Arc::new(Nobody),
        };
        let http = Http::new(settings, clock.clone()).unwrap();
        let tenant = Aic::new(http.clone(), clock.clone()).tenant(host.clone(), Arc::clone(&self.account));
        self.server.play(token(), exchange.answer.clone());
        Play {
            exchange,
            expected: exchange.request.clone(),
            tenant,
            http,
            host,
            clock,
            control,
            server: self.server.clone(),
            replaced: BTreeSet::new(),
            is_an_answer: false,
            wrong: Vec::new(),
        }
    }
}

const TOKEN: &str = "token-that-is-shown-to-nobody";

/// A token that may do everything.
pub fn token() -> Answer {
    let scope = "fr:am:* fr:idc:esv:* fr:idc:promotion:*";
    let answer = json!({"access_token": TOKEN, "scope": scope, "token_type": "Bearer", "expires_in": 899});
    Answer::json(200, answer)
}

struct Nobody;

impl Observer for Nobody {
    fn call_ended(&self, _: &'static str, _: &'static str, _: Duration) {}
    fn had_its_turn(&self, _: Priority, _: Duration) {}
    fn host_changed(&self, _: &Host, _: News) {}
}
