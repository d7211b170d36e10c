//! Whatever a tenant answers is read or refused: no panic, no secret in what comes of it.

#![no_main]

mod vendor;

use std::sync::{Arc, OnceLock};

use libfuzzer_sys::fuzz_target;
use pingone_aic_operator::aic::{Aic, Error, Order, Service, ServiceAccount, Worker};
use pingone_aic_operator::api::Realm;
use pingone_aic_operator::clock::Clock;
use pingone_aic_operator::http::Guard;
use pingone_aic_simulator::{Mutability, Network};
use secrecy::SecretString;
use vendor::{answer, check, spoil, SECRET};

const HOST: &str = "openam-fuzz-ew2-dev.id.forgerock.io";

struct World {
    runtime: tokio::runtime::Runtime,
    network: Network,
    account: Arc<ServiceAccount>,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let network = vendor::network(&runtime);
        let tenant = network.tenant(HOST, Mutability::Mutable);
        let account =
            tenant.create_service_account("fuzz", &["fr:am:*", "fr:idc:esv:*", "fr:idc:promotion:*"]);
        let account = Arc::new(ServiceAccount::parse(&account.id, account.jwk.as_bytes()).unwrap());
        World {
            runtime,
            network,
            account,
        }
    })
}

fn order() -> Order {
    Order {
        promoter: None,
        description: String::new(),
        ticket_reference: None,
        ignore_encrypted_secrets: false,
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((which, fault)) = answer(data) else {
        return;
    };
    let World {
        runtime,
        network,
        account,
    } = world();
    runtime.block_on(async {
        let http = vendor::stack(network);
        let tenant = Aic::new(http, Clock::system()).tenant(HOST.parse().unwrap(), Arc::clone(account));
        let which = which % 32;
        let path = if which == 0 { "/am/oauth2/" } else { "/" };
        if which != 0 {
            // With a token in hand.
            tenant.esv(&"esv-none".parse().unwrap()).await.unwrap();
        }
        let _spoiled = spoil(network, HOST, path, fault);
        let (esv, name, label) = (
            "esv-fuzz".parse().unwrap(),
            "Fuzz".parse().unwrap(),
            "Fuzz".parse().unwrap(),
        );
        let secret: SecretString = SECRET.into();
        let realm = Realm::Alpha;
        let result = match which {
            0 | 1 => tenant.esv(&esv).await.map(drop),
            2 => tenant.create_esv(&esv, &secret, "mark").await.map(drop),
            3 => tenant.esv_versions(&esv).await.map(drop),
            4 => tenant
                .create_esv_version(&esv, &secret, Guard::new(|| true))
                .await
                .map(drop),
            5 => tenant.describe_esv(&esv, "mark").await,
            6 => tenant.own_lock_state().await.map(drop),
            7 => tenant.worker_service(realm).await.map(drop),
            8 => tenant.label_attribute(realm).await.map(drop),
            9 => tenant.worker(realm, &name).await.map(drop::<Option<Worker>>),
            10 => tenant.mapping(realm, &label).await.map(drop),
            11 => tenant.mappings(realm).await.map(drop),
            12 => tenant.delete_worker(realm, &name).await,
            13 => tenant.put_mapping(realm, &label, &esv).await,
            14 => tenant.delete_mapping(realm, &label).await,
            15 => tenant.disable_esv_version(&esv, "1").await,
            16 => tenant.delete_esv(&esv).await,
            17 => tenant.put_worker_service(realm, Service::enabled(None)).await,
            18 => tenant.lock_state().await.map(drop),
            19 => tenant.lock(Guard::new(|| true)).await.map(drop),
            20 => tenant.unlock("id", None).await,
            21 => tenant.promotion_progress().await.map(drop),
            22 => tenant.dry_run(&order(), Guard::new(|| true)).await,
            23 => tenant.promote(&order(), Guard::new(|| true)).await,
            24 => tenant.roll_back(&order(), Guard::new(|| true)).await,
            25 => tenant.reports().await.map(drop),
            26 => tenant.report("id").await.map(|report| {
                let _ = report.changes().count();
            }),
            27 => tenant.provisional_report().await.map(drop),
            28 => tenant.provisional_rollback_report().await.map(drop),
            _ => tenant.test_connection(realm, &name, [secret]).await.map(|proof| {
                assert!(!format!("{proof:?}").contains(SECRET), "{proof:?}");
            }),
        };
        let Err(error) = result else { return };
        // The other calls do not carry the secret, so that nobody knows it for one; nor does the one for a new token,
        // which follows a 401.
        if matches!(which, 2 | 4 | 29..) && !matches!(error, Error::Token(_)) {
            let texts = [error.to_string(), format!("{error:?}")];
            assert!(texts.iter().all(|text| !text.contains(SECRET)), "{texts:?}");
        }
        if let Error::Call(error) = &error {
            check(error, matches!(which, 4 | 19 | 23 | 24));
        }
    });
});
