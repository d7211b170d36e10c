//! What every call of the clients bears on the wire, whatever is answered. No recording is needed for it.

use std::{collections::BTreeSet, fs, path::Path};

use pingone_aic_operator::{
    aic::{EsvId, IntegrationName, LabelIdentifier, Order, Service, Tenant},
    api::Realm,
    credential::{ClientCredentials, Grant},
    http::{BaseUrl, Guard},
    pingone::PingOne,
};
use secrecy::SecretString;
use serde_json::json;

use crate::{
    exchange::{Answer, Body, Exchange, Request},
    play::LANE,
    stage::Stage,
};

/// Makes each call, one after the other, and tells their names. What comes of them does not matter here.
macro_rules! make {
    ($client:expr; $($name:ident($($argument:expr),*);)+) => {{
        $(let _ = $client.$name($($argument),*).await;)+
        [$(stringify!($name)),+]
    }};
}

/// The load balancer in front of a tenant answers 411 to a POST or PUT without a length, and the services 415 to one
/// without a type.
#[tokio::test]
async fn every_post_and_put_bears_a_length_and_its_type() {
    let stage = Stage::new().await;
    let exchange = Exchange {
        name: "wire".to_owned(),
        kind: String::new(),
        request: Request::default(),
        // The worker that is read and written back.
        answer: Some(Answer::json(200, json!({"_id": "a"}))),
    };
    let play = stage.play(&exchange);
    let made = tenant_calls(&play.tenant).await;
    assert_eq!(
        made,
        public_calls("src/aic"),
        "every call of the client is made here"
    );
    let url = BaseUrl::parse(&format!("https://{}", play.host), "").unwrap();
    let made = pingone_calls(&PingOne::new(play.http.clone(), play.clock.clone()), &url).await;
    assert_eq!(made, public_calls("src/pingone"));

    let sent = play.server.requests();
    let with_body: Vec<_> = sent
        .iter()
        .filter(|request| ["POST", "PUT", "PATCH"].contains(&request.method.as_str()))
        .collect();
    assert!(with_body.len() > 15, "{}", with_body.len());
    for request in with_body {
        let (line, headers) = (format!("{} {}", request.method, request.path), &request.headers);
        let length = headers.get("content-length").map(String::as_str);
        assert!(length.is_some_and(|length| length != "0"), "{line}: {headers:?}");
        let is_form = request.path.ends_with("/access_token") || request.path.ends_with("/as/token");
        let expected = if is_form {
            "application/x-www-form-urlencoded"
        } else {
            "application/json"
        };
        assert_eq!(
            headers.get("content-type").map(String::as_str),
            Some(expected),
            "{line}"
        );
    }
}

/// A load balancer knows nothing of what is there: its page is no answer that a decision could rest on.
#[tokio::test]
async fn a_page_of_the_load_balancer_is_never_an_answer() {
    let stage = Stage::new().await;
    for status in [400, 403, 404, 409] {
        let exchange = Exchange {
            name: format!("a page with {status}"),
            kind: String::new(),
            request: Request::default(),
            answer: Some(Answer {
                status,
                headers: [("content-type".to_owned(), "text/html".to_owned())].into(),
                body: Body::Text("<html><title>Error</title></html>".to_owned()),
            }),
        };
        let tenant = stage.play(&exchange).tenant;
        let (esv, label): (EsvId, LabelIdentifier) = ("esv-a".parse().unwrap(), "a".parse().unwrap());
        let (realm, name): (_, IntegrationName) = (Realm::Alpha, "a".parse().unwrap());
        let value = SecretString::from("value");
        let refused = [
            tenant.esvs().await.is_err(),
            tenant.esv(&esv).await.is_err(),
            tenant.create_esv(&esv, &value, "").await.is_err(),
            tenant.delete_esv(&esv).await.is_err(),
            tenant.worker_service(realm).await.is_err(),
            tenant.worker(realm, &name).await.is_err(),
            tenant.workers(realm).await.is_err(),
            tenant.lists_worker(realm, &name).await.is_err(),
            tenant.delete_worker(realm, &name).await.is_err(),
            tenant.label_attribute(realm).await.is_err(),
            tenant.test_connection(realm, &name, []).await.is_err(),
            tenant.mapping(realm, &label).await.is_err(),
            tenant.delete_mapping(realm, &label).await.is_err(),
            tenant.unlock("a", None).await.is_err(),
            tenant.last_report().await.is_err(),
            tenant.provisional_report().await.is_err(),
            tenant.provisional_rollback_report().await.is_err(),
        ];
        assert_eq!(refused, [true; 17], "{status}");
    }
}

async fn tenant_calls(tenant: &Tenant) -> BTreeSet<String> {
    let (esv, label): (EsvId, LabelIdentifier) = ("esv-a".parse().unwrap(), "a".parse().unwrap());
    let name: IntegrationName = "a".parse().unwrap();
    let value = SecretString::from("value");
    let guard = || Guard::new(|| true);
    let order = Order {
        promoter: None,
        description: "wire".to_owned(),
        ticket_reference: None,
        ignore_encrypted_secrets: false,
    };
    let realm = Realm::Alpha;
    let mut made = BTreeSet::from(make!(tenant;
        accepts_account();
        esvs();
        esv(&esv);
        create_esv(&esv, &value, "");
        esv_versions(&esv);
        create_esv_version(&esv, &value, guard());
        disable_esv_version(&esv, "1");
        describe_esv(&esv, "");
        delete_esv(&esv);
        worker_service(realm);
        put_worker_service(realm, Service::enabled(None));
        worker(realm, &name);
        workers(realm);
        lists_worker(realm, &name);
        delete_worker(realm, &name);
        test_connection(realm, &name, []);
        mapping(realm, &label);
        put_mapping(realm, &label, &esv);
        delete_mapping(realm, &label);
        mappings(realm);
        own_lock_state();
        lock_state();
        lock(guard());
        unlock("a", None);
        promotion_progress();
        dry_run(&order, guard());
        promote(&order, guard());
        roll_back(&order, guard());
        reports();
        last_report();
        report("a");
        provisional_report();
        provisional_rollback_report();
    ));
    // The server knows no schema, so that it is asked for each time; a worker is known by what it is asked with.
    let _ = tenant.label_attribute(realm).await;
    made.insert("label_attribute");
    if let Ok(Some(worker)) = tenant.worker(realm, &name).await {
        let _ = tenant.put_worker(realm, &name, worker).await;
        made.insert("put_worker");
    }
    made.into_iter().map(str::to_owned).collect()
}

async fn pingone_calls(pingone: &PingOne, url: &BaseUrl) -> BTreeSet<String> {
    let client = ClientCredentials {
        id: "client".into(),
        secret: "secret".into(),
    };
    let jwt = SecretString::from("a.b.c");
    let made = make!(pingone;
        token(url, "e", &Grant::Client(&client), LANE);
        token(url, "e", &Grant::Gateway(&jwt), LANE);
        environment(url, "e", &"token".into(), LANE);
    );
    made.into_iter().map(str::to_owned).collect()
}

/// The calls that a client offers, by its source.
fn public_calls(folder: &str) -> BTreeSet<String> {
    fn read(folder: &Path, names: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, names);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let declared = text
                .lines()
                .filter_map(|line| line.trim().strip_prefix("pub async fn "));
            names.extend(declared.map(|rest| rest[..rest.find('(').unwrap()].to_owned()));
        }
    }
    let mut names = BTreeSet::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut names);
    names
}
