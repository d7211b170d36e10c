//! The description: which operations there are.

use std::path::Path;

use serde_json::Value;

use super::Side;
use super::operation::Operation;
use super::schema::{self, LoadError};
use crate::message::{Answer, Request};

#[derive(Debug)]
pub(super) struct Description {
    /// Those with the fewest parameters in their path first: a literal segment wins over a parameter.
    operations: Vec<Operation>,
}

impl Description {
    pub(super) fn load(path: &Path) -> Result<Self, LoadError> {
        Self::parse(serde_json::from_slice(&std::fs::read(path)?)?)
    }

    fn parse(mut document: Value) -> Result<Self, LoadError> {
        schema::spell_out_nullable(&mut document);
        let paths = document["paths"].as_object().ok_or(LoadError::Missing("paths"))?;
        let mut operations = Vec::new();
        for (path, item) in paths {
            for method in ["get", "put", "post", "delete", "patch"] {
                if let Some(operation) = item.get(method) {
                    operations.push(Operation::parse(&document, method, path, operation)?);
                }
            }
        }
        operations.sort_by_key(Operation::path_parameters);
        Ok(Self { operations })
    }

    /// What is wrong with this exchange.
    pub(super) fn check(&self, request: &Request, answer: &Answer) -> Vec<(Side, String)> {
        let Some(operation) = self.operations.iter().find(|operation| operation.covers(request)) else {
            return vec![(Side::Request, "there is no such operation".to_owned())];
        };
        let of_request = operation
            .check_request(request)
            .into_iter()
            .map(|reason| (Side::Request, reason));
        let of_answer = operation
            .check_answer(answer)
            .into_iter()
            .map(|reason| (Side::Response, reason));
        of_request.chain(of_answer).collect()
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Method, StatusCode};
    use serde_json::{Value, json};

    use super::{Description, Side};
    use crate::message::{Answer, Request};

    fn description() -> Description {
        let document = json!({
            "components": {
                "parameters": {
                    "version": {"name": "Accept-API-Version", "in": "header", "required": true, "schema": {"type": "string"}},
                },
                "schemas": {
                    "thing": {
                        "type": "object",
                        "required": ["size"],
                        "properties": {
                            "size": {"type": "integer"},
                            "note": {"type": "string", "nullable": true},
                            "made": {"type": "string", "format": "date-time"},
                        },
                    },
                },
            },
            "paths": {
                "/environment/things/{id}": {
                    "put": {
                        "parameters": [
                            {"$ref": "#/components/parameters/version"},
                            {"name": "id", "in": "path", "required": true, "schema": {"type": "string", "pattern": "^[a-z]+$"}},
                            {"name": "count", "in": "query", "schema": {"type": "integer", "maximum": 10}},
                        ],
                        "requestBody": {
                            "required": true,
                            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/thing"}}},
                        },
                        "responses": {
                            "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/thing"}}}},
                            "204": {"content": {}},
                        },
                    },
                },
                "/environment/things/all": {"put": {"responses": {"default": {}}}},
            },
        });
        Description::parse(document).expect("the description is sound")
    }

    fn request(target: &str, body: &Value) -> Request {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("accept-api-version", HeaderValue::from_static("resource=1.0"));
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        Request {
            method: Method::PUT,
            version: http::Version::HTTP_11,
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: body.into(),
        }
    }

    fn sides(request: &Request, answer: &Answer) -> Vec<Side> {
        description()
            .check(request, answer)
            .into_iter()
            .map(|(side, _)| side)
            .collect()
    }

    fn ok(body: &Value) -> Answer {
        Answer::json(StatusCode::OK, body)
    }

    #[test]
    fn a_good_exchange_has_no_violation() {
        let thing = json!({"size": 1, "note": null, "made": "2026-01-01T00:00:00Z"});
        assert_eq!(
            sides(&request("/environment/things/a?count=10", &thing), &ok(&thing)),
            []
        );
    }

    #[test]
    fn a_request_is_held_against_path_query_headers_and_body() {
        let good = json!({"size": 1});
        let answer = ok(&good);
        for (what, wrong) in [
            ("path parameter", request("/environment/things/9", &good)),
            (
                "query too large",
                request("/environment/things/a?count=11", &good),
            ),
            ("query no number", request("/environment/things/a?count=x", &good)),
            ("no body", request("/environment/things/a", &Value::Null)),
            (
                "body lacks a member",
                request("/environment/things/a", &json!({})),
            ),
            ("unknown path", request("/environment/others/a", &good)),
            (
                "unknown method",
                Request {
                    method: Method::GET,
                    ..request("/environment/things/a", &good)
                },
            ),
        ] {
            assert_eq!(sides(&wrong, &answer), [Side::Request], "{what}");
        }
        let mut bare = request("/environment/things/a", &good);
        bare.headers.remove("accept-api-version");
        assert_eq!(sides(&bare, &answer), [Side::Request]);
        bare.headers.remove("content-type");
        assert_eq!(sides(&bare, &answer), [Side::Request, Side::Request]);
    }

    #[test]
    fn an_answer_is_held_against_the_schema_of_its_status() {
        let good = request("/environment/things/a", &json!({"size": 1}));
        for wrong in [
            json!({}),
            json!({"size": "1"}),
            json!({"size": 1, "made": "yesterday"}),
            json!([]),
        ] {
            assert_eq!(sides(&good, &ok(&wrong)), [Side::Response], "{wrong}");
        }
        assert_eq!(sides(&good, &Answer::empty(StatusCode::OK)), [Side::Response]);
        assert_eq!(
            sides(&good, &Answer::json(StatusCode::NO_CONTENT, &json!({}))),
            [Side::Response]
        );
        assert_eq!(sides(&good, &Answer::empty(StatusCode::NO_CONTENT)), []);
    }

    #[test]
    fn a_status_that_is_not_listed_is_exempt_unless_there_is_a_default() {
        let thing = json!({"size": 1});
        let unlisted = Answer::json(StatusCode::CONFLICT, &json!({}));
        assert_eq!(sides(&request("/environment/things/a", &thing), &unlisted), []);
        assert_eq!(
            sides(&request("/environment/things/all", &thing), &unlisted),
            [Side::Response]
        );
    }

    #[test]
    fn a_reason_does_not_tell_the_value() {
        let secret = request("/environment/things/a", &json!({"size": "a secret"}));
        let found = description().check(&secret, &ok(&json!({"size": 1})));
        assert!(
            found[0].1.contains("/size") && !found[0].1.contains("a secret"),
            "{found:?}"
        );
    }
}
