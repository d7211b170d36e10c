//! What is told about a dry run, a promotion or a rollback.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::changes::Changes;
use crate::clock::iso_date;

#[derive(Clone, Debug)]
pub(super) struct Report {
    pub(super) id: Uuid,
    /// [assumed] That of the lock that it ran under; a provisional report has none.
    pub(super) promotion_id: Option<String>,
    /// `promotion` or `rollback`.
    pub(super) kind: &'static str,
    pub(super) dry_run: bool,
    pub(super) promoter: String,
    pub(super) description: String,
    pub(super) created: Timestamp,
    /// Before that, nobody sees it.
    pub(super) shown_from: Timestamp,
    pub(super) missing_esvs: Vec<String>,
    pub(super) previously_ignored_secrets: Vec<String>,
    pub(super) changes: Changes,
    /// Members that it lacks wherever it is shown.
    pub(super) omitted: Vec<&'static str>,
    /// Sections that it has beside its own.
    pub(super) added: Map<String, Value>,
}

impl Report {
    /// A report of what would happen.
    pub(super) fn provisional(kind: &'static str, changes: Changes, now: Timestamp) -> Self {
        Self {
            id: Uuid::new_v4(),
            promotion_id: None,
            kind,
            dry_run: true,
            promoter: String::new(),
            description: String::new(),
            created: now,
            shown_from: now,
            missing_esvs: Vec::new(),
            previously_ignored_secrets: Vec::new(),
            changes,
            omitted: Vec::new(),
            added: Map::new(),
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let Self { id, dry_run, .. } = self;
        let date = self.created.strftime("%Y-%m-%dT%H-%M+00Z").to_string();
        let mut report = json!({
            "reportId": id.to_string(),
            "reportName": format!("Report_{date}_dryrun={dry_run}_{id}"),
            "promoter": self.promoter,
            "promotionDescription": self.description,
            "dryRun": dry_run,
            "createdDate": date,
            "type": self.kind,
            "report": self.changes.to_json(),
        });
        for (section, content) in &self.added {
            report["report"][section] = content.clone();
        }
        if let Some(id) = &self.promotion_id {
            report["promotionId"] = json!(id);
        }
        for (name, list) in [
            ("missingESVs", &self.missing_esvs),
            (
                "previouslyIgnoredEncryptedSecrets",
                &self.previously_ignored_secrets,
            ),
        ] {
            if !list.is_empty() {
                report[name] = json!(list);
            }
        }
        self.without_omitted(report)
    }

    /// Its entry in the list: without the description, and with the date in another form.
    pub(super) fn to_entry(&self) -> Value {
        self.without_omitted(json!({
            "reportId": self.id.to_string(),
            "promotionId": self.promotion_id,
            "promoter": self.promoter,
            "dryRun": self.dry_run,
            "createdDate": iso_date(self.created),
            "type": self.kind,
        }))
    }

    fn without_omitted(&self, mut report: Value) -> Value {
        if let Some(members) = report.as_object_mut() {
            members.retain(|name, _| !self.omitted.contains(&name.as_str()));
        }
        report
    }
}
