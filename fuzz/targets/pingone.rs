//! Whatever PingOne answers is read or refused: no panic, no secret in what comes of it.

#![no_main]

mod vendor;

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use pingone_aic_operator::clock::Clock;
use pingone_aic_operator::credential::{ClientCredentials, Grant};
use pingone_aic_operator::http::{BaseUrl, Priority};
use pingone_aic_operator::pingone::PingOne;
use pingone_aic_simulator::{Network, Region};
use vendor::{answer, check, spoil, SECRET};

fn world() -> &'static (tokio::runtime::Runtime, Network) {
    static WORLD: OnceLock<(tokio::runtime::Runtime, Network)> = OnceLock::new();
    WORLD.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let network = vendor::network(&runtime);
        let _ = network.pingone(Region::Europe);
        (runtime, network)
    })
}

fuzz_target!(|data: &[u8]| {
    let Some((which, fault)) = answer(data) else {
        return;
    };
    let (runtime, network) = world();
    runtime.block_on(async {
        let pingone = PingOne::new(vendor::stack(network), Clock::system());
        let _spoiled = spoil(network, "*.pingone.eu", "/", fault);
        let result = if which % 3 < 2 {
            let (client, jwt) = (
                ClientCredentials {
                    id: "client".into(),
                    secret: SECRET.into(),
                },
                SECRET.into(),
            );
            let grant = if which % 3 == 0 {
                Grant::Client(&client)
            } else {
                Grant::Gateway(&jwt)
            };
            let auth = BaseUrl::parse("https://auth.pingone.eu", "").unwrap();
            pingone
                .token(&auth, "environment", &grant, Priority::Change)
                .await
                .map(drop)
        } else {
            let api = BaseUrl::parse("https://api.pingone.eu", "").unwrap();
            pingone
                .environment(&api, "environment", &SECRET.into(), Priority::Change)
                .await
                .map(drop)
        };
        if let Err(error) = result {
            let texts = [error.to_string(), format!("{error:?}")];
            assert!(texts.iter().all(|text| !text.contains(SECRET)), "{texts:?}");
            check(&error, false);
        }
    });
});
