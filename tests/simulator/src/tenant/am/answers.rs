//! How AM shows an object and a query's result.

use std::hash::{DefaultHasher, Hash, Hasher};

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::message::Answer;

/// Which of AM's types an object is of.
pub(super) struct Type {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) collection: bool,
}

/// An object with `_id`, `_rev` and `_type`. The revision is that of the content.
pub(super) fn object(id: &str, attributes: &Map<String, Value>, kind: &Type) -> Value {
    let mut revision = DefaultHasher::new();
    Value::Object(attributes.clone()).to_string().hash(&mut revision);
    let mut object = attributes.clone();
    object.insert("_id".to_owned(), id.into());
    object.insert("_rev".to_owned(), revision.finish().to_string().into());
    object.insert(
        "_type".to_owned(),
        json!({"_id": kind.id, "name": kind.name, "collection": kind.collection}),
    );
    Value::Object(object)
}

/// The answer to a PUT.
pub(super) fn written(existed: bool, object: &Value) -> Answer {
    Answer::json(
        if existed {
            StatusCode::OK
        } else {
            StatusCode::CREATED
        },
        object,
    )
}

/// The answer to a query.
pub(super) fn result(objects: impl Iterator<Item = Value>) -> Answer {
    let objects: Vec<_> = objects.collect();
    Answer::json(
        StatusCode::OK,
        &json!({
            "result": objects,
            "resultCount": objects.len(),
            "pagedResultsCookie": null,
            "totalPagedResultsPolicy": "NONE",
            "totalPagedResults": -1,
            "remainingPagedResults": -1,
        }),
    )
}
