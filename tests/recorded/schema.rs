//! The worker's schema, and workers as they were seen.

use pingone_aic_operator::{
    aic::{LabelIdentifier, Worker},
    api::Realm,
};
use serde_json::{Map, Value, json};

use crate::{
    calls::LABEL_TITLE,
    exchange::{Answer, Exchange, Request},
    folder::{Folder, keys, texts},
    stage::Stage,
};

/// An exchange whose answer this is, to whatever request.
pub fn answered(body: Value) -> Exchange {
    Exchange {
        name: String::new(),
        kind: String::new(),
        request: Request::default(),
        answer: Some(Answer::json(200, body)),
    }
}

#[tokio::test]
async fn the_label_attribute_is_found_by_its_documented_title() {
    let Some(folder) = Folder::open("the worker's schema is not held") else {
        return;
    };
    let stage = Stage::new().await;
    let file = folder.file("worker-schema.json");
    let known = &file["attributes known (recorded)"];
    let mut properties = Map::new();
    for (number, title) in texts(&file["titles"]).into_iter().enumerate() {
        let name = known[title].as_str().filter(|name| !name.contains(' '));
        let name = name.map_or_else(|| format!("attribute{number}"), str::to_owned);
        properties.insert(
            name,
            json!({"title": title, "type": "string", "propertyOrder": number}),
        );
    }
    let title = |property: &Value| property["title"] == LABEL_TITLE;
    let label = properties
        .iter()
        .find(|(_, property)| title(property))
        .unwrap()
        .0
        .clone();
    let uses = known["Enable Connection via Credential"]
        .as_str()
        .unwrap()
        .to_owned();

    let exchange = answered(json!({"type": "object", "properties": properties}));
    let play = stage.play(&exchange);
    let attribute = play.tenant.label_attribute(Realm::Alpha).await.unwrap().unwrap();
    let (name, identifier) = ("Recorded".parse().unwrap(), "Recorded".parse().unwrap());
    let worker = Worker::with_credential(None, &attribute, &identifier);
    play.tenant.put_worker(Realm::Alpha, &name, worker).await.unwrap();
    let path =
        "/am/json/realms/root/realms/alpha/realm-config/services/pingOneWorkerService/workers/Recorded";
    let written = play.sent_to(path).remove(0).body.json();
    assert_eq!(
        keys(&written),
        [label.clone(), uses].into(),
        "no attribute but these is written"
    );

    properties.remove(&label);
    let exchange = answered(json!({"type": "object", "properties": properties}));
    let play = stage.play(&exchange);
    let attribute = play.tenant.label_attribute(Realm::Alpha).await.unwrap();
    assert_eq!(
        attribute, None,
        "a tenant without that title has no product connections"
    );
}

#[test]
fn labels_are_of_the_documented_form() {
    let Some(folder) = Folder::open("labels are not held") else {
        return;
    };
    let file = folder.file("worker-schema.json");
    let label: LabelIdentifier = "a.B.3".parse().unwrap();
    let expected = texts(&file["labels"])
        .into_iter()
        .find(|label| label.ends_with(".credential"));
    assert_eq!(
        label.secret_label(),
        expected.unwrap().replace("{identifier}", "a.B.3")
    );
    assert!(
        file["identifier rule"]
            .as_str()
            .unwrap()
            .ends_with(r"^[a-zA-Z0-9]+(\.[a-zA-Z0-9]+)*$")
    );
    for refused in ["", ".a", "a.", "a..b", "a-b", "a_b", "a b"] {
        assert!(
            refused.parse::<LabelIdentifier>().is_err(),
            "{refused:?} is no label identifier"
        );
    }
}

#[tokio::test]
async fn every_listed_worker_reads_as_one_without_a_credential() {
    let Some(folder) = Folder::open("listed workers are not held") else {
        return;
    };
    let stage = Stage::new().await;
    let exchanges = folder.file("worker.json")["exchanges"].as_array().unwrap();
    let lists = exchanges
        .iter()
        .filter_map(|exchange| exchange["response"]["body"]["json"]["result"].as_array());
    let workers: Vec<_> = lists.flatten().collect();
    assert!(!workers.is_empty());
    for recorded in workers {
        let schema = json!({"properties": {"labelOfSchema": {"title": LABEL_TITLE}}});
        let exchange = answered(schema);
        let play = stage.play(&exchange);
        let attribute = play.tenant.label_attribute(Realm::Alpha).await.unwrap().unwrap();
        // People name workers with spaces, an integration's name has none.
        let name = recorded["_id"].as_str().unwrap().replace(' ', "-");
        let mut renamed = recorded.clone();
        renamed["_id"] = json!(name);
        play.answers([Answer::json(200, renamed)]);
        let worker = play
            .tenant
            .worker(Realm::Alpha, &name.parse().unwrap())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            worker.uses_credential(),
            recorded["useCredential"] == true,
            "{recorded}"
        );
        assert_eq!(worker.label(&attribute), None, "{recorded}");
    }
}
