//! Self-service promotions (OpenAPI description, `/environment/promotion`): lock, run, reports.
//!
//! Calls go to the upper environment, which pulls. Requests that must not be repeated (lock, promotion, rollback)
//! need a [`Guard`].

mod content;
mod lock;
mod report;
mod run;

use http::Method;
use serde::{Deserialize, Deserializer};

use super::{
    Error, Tenant,
    esv::{ACCEPT_API_VERSION, API_VERSION},
    token::Scopes,
};
use crate::http::{Call, Reply};

pub use content::Change;
pub use lock::{LockSide, LockState, LockStatus};
pub use report::{Report, ReportEntry, ReportedChange};
pub use run::{Order, Progress, RunKind, RunState};

/// Reads a null member as an absent one.
fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn call(method: Method, path: &str, operation: &'static str) -> Call {
    Call::new(method, format!("/environment/promotion/{path}"), operation)
        .header(ACCEPT_API_VERSION, API_VERSION)
}

impl Tenant {
    async fn send_promotion(&self, call: Call) -> Result<Reply, Error> {
        self.send_as(Scopes::Promotion, call).await
    }
}
