//! One operation: its parameters, its body, its answers.

use std::collections::HashMap;

use serde_json::Value;

use super::schema::{LoadError, Schema, resolve};
use crate::message::{Answer, Request};

#[derive(Debug)]
pub(super) struct Operation {
    method: String,
    /// Segments of the path; a parameter is in braces.
    path: Vec<String>,
    parameters: Vec<Parameter>,
    body: Option<Body>,
    /// By status or `default`; none where an answer has no body.
    answers: HashMap<String, Option<Schema>>,
}

#[derive(Debug)]
struct Parameter {
    name: String,
    location: String,
    required: bool,
    schema: Schema,
}

#[derive(Debug)]
struct Body {
    required: bool,
    schema: Schema,
}

impl Operation {
    pub(super) fn parse(
        document: &Value,
        method: &str,
        path: &str,
        operation: &Value,
    ) -> Result<Self, LoadError> {
        let parameters = operation["parameters"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let parameters = parameters
            .iter()
            .map(|parameter| Parameter::parse(document, parameter));
        let body = match operation.get("requestBody") {
            Some(body) => Body::parse(document, resolve(document, body)?)?,
            None => None,
        };
        let answers = operation["responses"]
            .as_object()
            .ok_or(LoadError::Missing("responses"))?;
        let answers = answers
            .iter()
            .map(|(status, answer)| Ok((status.clone(), json_schema(document, resolve(document, answer)?)?)));
        Ok(Self {
            method: method.to_uppercase(),
            path: path
                .trim_start_matches('/')
                .split('/')
                .map(str::to_owned)
                .collect(),
            parameters: parameters.collect::<Result<_, _>>()?,
            body,
            answers: answers.collect::<Result<_, LoadError>>()?,
        })
    }

    pub(super) fn path_parameters(&self) -> usize {
        self.path.iter().filter(|segment| is_parameter(segment)).count()
    }

    pub(super) fn covers(&self, request: &Request) -> bool {
        let segments = request.segments();
        request.method.as_str() == self.method
            && segments.len() == self.path.len()
            && self
                .path
                .iter()
                .zip(&segments)
                .all(|(own, sent)| is_parameter(own) || own == sent)
    }

    pub(super) fn check_request(&self, request: &Request) -> Vec<String> {
        let parameters = self.parameters.iter().flat_map(|parameter| {
            let value = match parameter.location.as_str() {
                "query" => request.query(&parameter.name),
                "header" => request.header(&parameter.name).map(str::to_owned),
                _ => self.path_value(request, &parameter.name),
            };
            parameter.check(value.as_deref())
        });
        let body = self.body.iter().flat_map(|body| body.check(request));
        parameters.chain(body).collect()
    }

    /// A status that is not listed is exempt, unless there is a `default`.
    pub(super) fn check_answer(&self, answer: &Answer) -> Vec<String> {
        let listed = self
            .answers
            .get(answer.status.as_str())
            .or_else(|| self.answers.get("default"));
        match listed {
            None => Vec::new(),
            Some(None) if answer.body.is_empty() => Vec::new(),
            Some(None) => vec![format!("{} has no body", answer.status)],
            Some(Some(schema)) => match serde_json::from_str(&answer.body) {
                Ok(body) => schema.check(&body),
                Err(_) => vec![format!("the body of {} is not JSON", answer.status)],
            },
        }
    }

    fn path_value(&self, request: &Request, name: &str) -> Option<String> {
        let index = self
            .path
            .iter()
            .position(|segment| segment.trim_matches(['{', '}']) == name)?;
        request.segments().get(index).cloned()
    }
}

impl Parameter {
    fn parse(document: &Value, parameter: &Value) -> Result<Self, LoadError> {
        let parameter = resolve(document, parameter)?;
        let text = |name: &'static str| parameter[name].as_str().ok_or(LoadError::Missing(name));
        Ok(Self {
            name: text("name")?.to_owned(),
            location: text("in")?.to_owned(),
            required: parameter["required"] == true,
            schema: Schema::compile(document, &parameter["schema"])?,
        })
    }

    fn check(&self, value: Option<&str>) -> Vec<String> {
        let about = |reason| format!("{} parameter {}: {reason}", self.location, self.name);
        match value {
            Some(value) => self.schema.check_text(value).into_iter().map(about).collect(),
            None if self.required => vec![about("it is required".to_owned())],
            None => Vec::new(),
        }
    }
}

impl Body {
    fn parse(document: &Value, body: &Value) -> Result<Option<Self>, LoadError> {
        let schema = json_schema(document, body)?;
        Ok(schema.map(|schema| Self {
            required: body["required"] == true,
            schema,
        }))
    }

    fn check(&self, request: &Request) -> Vec<String> {
        if request.body.is_empty() {
            return self
                .required
                .then(|| "a body is required".to_owned())
                .into_iter()
                .collect();
        }
        if !request.has_media_type("application/json") {
            return vec!["the body is not application/json".to_owned()];
        }
        match serde_json::from_slice(&request.body) {
            Ok(body) => self.schema.check(&body),
            Err(_) => vec!["the body is not JSON".to_owned()],
        }
    }
}

/// The schema of the `application/json` content, if there is such content.
fn json_schema(document: &Value, holder: &Value) -> Result<Option<Schema>, LoadError> {
    let schema = holder.pointer("/content/application~1json/schema");
    schema.map(|schema| Schema::compile(document, schema)).transpose()
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{')
}
