//! What a run has changed, or would change.

use http::{Method, StatusCode};
use serde::Deserialize;

use super::{
    RunKind, call,
    content::{Change, Content},
    null_as_default,
};
use crate::{
    aic::{Error, Tenant},
    http::Reply,
};

/// A report's entry in the list, without its description and its content.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportEntry {
    /// The report's id. No member is required (OpenAPI description).
    #[serde(default)]
    pub report_id: Option<String>,
    /// Of the lock that the run went under: assumed.
    #[serde(default)]
    pub promotion_id: Option<String>,
    /// Whether nothing was changed. One that does not say is taken for real: inferred, for the list always says it, and
    /// nothing must be promoted twice.
    #[serde(default, deserialize_with = "null_as_default")]
    pub dry_run: bool,
    /// Its date, in one of the platform's two forms.
    #[serde(default, deserialize_with = "null_as_default")]
    pub created_date: String,
    /// Promotion or rollback.
    #[serde(default, deserialize_with = "null_as_default", rename = "type")]
    pub kind: RunKind,
}

impl ReportEntry {
    /// Something that was really done, of which nothing is known.
    #[must_use]
    pub fn of_nobody() -> Self {
        Self {
            report_id: None,
            promotion_id: None,
            dry_run: false,
            created_date: String::new(),
            kind: RunKind::Unknown,
        }
    }
}

/// A report with its content.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The report's id.
    #[serde(default, deserialize_with = "null_as_default")]
    pub report_id: String,
    /// The caller's own text.
    #[serde(default, deserialize_with = "null_as_default")]
    pub promotion_description: String,
    /// ESVs that the upper environment lacks.
    #[serde(default, deserialize_with = "null_as_default", rename = "missingESVs")]
    pub missing_esvs: Vec<String>,
    #[serde(default, rename = "report")]
    content: Content,
}

impl Report {
    /// Without anything secret that stands in names: people read them.
    fn read(reply: &Reply) -> Result<Self, Error> {
        let mut report: Self = reply.json()?;
        for esv in &mut report.missing_esvs {
            *esv = reply.redact(esv);
        }
        for item in &mut report.content.0 {
            for text in [&mut item.kind, &mut item.realm, &mut item.name, &mut item.uid] {
                *text = reply.redact(text);
            }
        }
        Ok(report)
    }

    /// What is changed, item by item, in the platform's order.
    pub fn changes(&self) -> impl Iterator<Item = ReportedChange> {
        self.content.0.iter().map(|item| ReportedChange {
            change: item.change,
            parts: item.parts(),
            name: item.to_string(),
        })
    }
}

/// An item that a run changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReportedChange {
    /// What becomes of it.
    pub change: Change,
    /// All that the report says of it: section, kind, realm, name and uid.
    pub parts: [String; 5],
    /// For people: `AM /alpha Email > Templates: welcome`.
    pub name: String,
}

impl Tenant {
    /// Lists all reports: `GET /environment/promotion/reports`.
    pub async fn reports(&self) -> Result<Vec<ReportEntry>, Error> {
        let call = call(Method::GET, "reports", "list the promotion reports");
        Ok(self.send_promotion(call).await?.json()?)
    }

    /// The last report, as its entry in the list: `GET /environment/promotion/report`. `None` where there is none.
    pub async fn last_report(&self) -> Result<Option<ReportEntry>, Error> {
        let reply = self.optional_report("report", "read the last promotion report");
        Ok(reply.await?.map(|reply| reply.json()).transpose()?)
    }

    /// Reads a report: `GET /environment/promotion/report/{reportId}`.
    pub async fn report(&self, id: &str) -> Result<Report, Error> {
        let id = url::form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>();
        let call = call(Method::GET, &format!("report/{id}"), "read the promotion report");
        Report::read(&self.send_promotion(call).await?)
    }

    /// What a promotion would change: `GET /environment/promotion/report/provisional`. `None` where this
    /// environment does not answer it: which side does is not documented.
    pub async fn provisional_report(&self) -> Result<Option<Report>, Error> {
        let reply = self.optional_report("report/provisional", "read the provisional report");
        match reply.await {
            // [assumed]: how the side that does not answer it refuses. It is only to be looked at: any refusal will do.
            Err(Error::Call(error))
                if error.is_by_service() && matches!(error.status(), Some(400 | 403 | 405 | 409)) =>
            {
                Ok(None)
            }
            reply => reply?.as_ref().map(Report::read).transpose(),
        }
    }

    /// What a rollback would change: `GET /environment/promotion/report/provisional-rollback`. `None` where there is
    /// nothing to roll back.
    pub async fn provisional_rollback_report(&self) -> Result<Option<Report>, Error> {
        let reply = self.optional_report(
            "report/provisional-rollback",
            "read the provisional rollback report",
        );
        reply.await?.as_ref().map(Report::read).transpose()
    }

    async fn optional_report(&self, path: &str, operation: &'static str) -> Result<Option<Reply>, Error> {
        let call = call(Method::GET, path, operation).accept(StatusCode::NOT_FOUND);
        let reply = self.send_promotion(call).await?;
        Ok((reply.status() != StatusCode::NOT_FOUND).then_some(reply))
    }
}
