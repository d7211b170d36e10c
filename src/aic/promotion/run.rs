//! A dry run, a promotion or a rollback: starting one, and its progress.

use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{call, null_as_default};
use crate::{
    aic::{Error, Tenant},
    http::Guard,
};

/// What a promotion is asked for with. All texts are the caller's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Who promotes.
    pub promoter: Option<String>,
    /// Why; the only text of the caller's that the platform keeps and shows in a report.
    pub description: String,
    /// A ticket's reference.
    pub ticket_reference: Option<String>,
    /// Whether encrypted secrets that are found stand in the way.
    pub ignore_encrypted_secrets: bool,
}

/// Promotion or rollback, as the platform calls them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunKind {
    /// Configuration comes from the lower environment.
    Promotion,
    /// The last promotion is rolled back.
    Rollback,
    /// A kind that is not known.
    #[default]
    #[serde(other)]
    Unknown,
}

/// A run's progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunState {
    /// Nothing is in progress.
    Idle,
    /// Something is in progress.
    Running,
    /// An unknown value: something may be in progress.
    Unknown,
}

/// What the platform shows of the current run, or of the last one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    #[serde(default, deserialize_with = "null_as_default")]
    status: String,
    /// The platform's own words.
    #[serde(default, deserialize_with = "null_as_default")]
    pub message: String,
    /// Whether it failed.
    #[serde(default, deserialize_with = "null_as_default")]
    pub blocking_error: bool,
    /// The promotion that it speaks of.
    #[serde(default)]
    pub promotion_id: Option<String>,
    /// ESVs that the upper environment lacks.
    #[serde(default, deserialize_with = "null_as_default", rename = "missingESVs")]
    pub missing_esvs: Vec<String>,
    /// Encrypted secrets that were found.
    #[serde(default, deserialize_with = "null_as_default")]
    pub encrypted_secrets: Vec<String>,
}

impl Progress {
    /// How far it is. Seen: `UNLOCKED`, `READY`, `RUNNING`, and by one client `IN_PROGRESS`; anything else may be a run.
    #[must_use]
    pub fn state(&self) -> RunState {
        match self.status.as_str() {
            "READY" | "UNLOCKED" => RunState::Idle,
            "RUNNING" | "IN_PROGRESS" => RunState::Running,
            _ => RunState::Unknown,
        }
    }

    /// With this state; for those who play the platform.
    #[must_use]
    pub fn with_status(status: &str) -> Self {
        Self {
            status: status.to_owned(),
            ..Self::default()
        }
    }
}

impl Order {
    /// The members that promotion and rollback have in common.
    fn to_json(&self) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("promotionDescription".to_owned(), self.description.clone().into());
        for (name, text) in [
            ("promoter", &self.promoter),
            ("zendeskTicketReference", &self.ticket_reference),
        ] {
            if let Some(text) = text {
                body.insert(name.to_owned(), text.clone().into());
            }
        }
        body
    }
}

impl Tenant {
    /// Reads how far a run is: `GET /environment/promotion/promote`.
    pub async fn promotion_progress(&self) -> Result<Progress, Error> {
        let call = call(Method::GET, "promote", "read the progress of the promotion");
        let reply = self.send_promotion(call).await?;
        let mut progress: Progress = reply.json()?;
        progress.message = reply.redact(&progress.message);
        for name in progress
            .missing_esvs
            .iter_mut()
            .chain(&mut progress.encrypted_secrets)
        {
            *name = reply.redact(name);
        }
        Ok(progress)
    }

    /// Starts a dry run: `POST /environment/promotion/promote` with `dryRun`. It may be repeated.
    pub async fn dry_run(&self, order: &Order, guard: Guard) -> Result<(), Error> {
        let mut body = order.to_json();
        body.insert("dryRun".to_owned(), true.into());
        body.insert(
            "ignoreEncryptedSecrets".to_owned(),
            order.ignore_encrypted_secrets.into(),
        );
        body.insert("unlockEnvironmentsAfterPromotion".to_owned(), false.into());
        let call = call(Method::POST, "promote", "start a dry run")
            .once_only()
            .guarded(guard)
            .json(&Value::Object(body));
        self.send_promotion(call).await.map(drop)
    }

    /// Promotes: `POST /environment/promotion/promote`. The answer claims more than has happened by then.
    pub async fn promote(&self, order: &Order, guard: Guard) -> Result<(), Error> {
        let mut body = order.to_json();
        body.insert("dryRun".to_owned(), false.into());
        body.insert(
            "ignoreEncryptedSecrets".to_owned(),
            order.ignore_encrypted_secrets.into(),
        );
        body.insert("unlockEnvironmentsAfterPromotion".to_owned(), true.into());
        let call = call(Method::POST, "promote", "start the promotion")
            .once_only()
            .guarded(guard)
            .json(&Value::Object(body));
        self.send_promotion(call).await.map(drop)
    }

    /// Rolls the last promotion back: `POST /environment/promotion/rollback`.
    pub async fn roll_back(&self, order: &Order, guard: Guard) -> Result<(), Error> {
        let mut body = order.to_json();
        body.insert("unlockEnvironmentsAfterPromotion".to_owned(), true.into());
        let call = call(Method::POST, "rollback", "start the rollback")
            .once_only()
            .guarded(guard)
            .json(&Value::Object(body));
        self.send_promotion(call).await.map(drop)
    }
}
