//! Summarises a report for a status: totals, a hash, and as many names as fit.

use std::{collections::BTreeSet, fmt::Write};

use aws_lc_rs::digest;

use super::name_budget::{NameBudget, shown};
use crate::{
    aic::{Change, Report, ReportedChange},
    api::{AICIntegration, ReportStatus},
    controller::tenant::names::Names,
};

/// For the names of a report, in bytes: a stage keeps three reports, and at most 32 KiB.
const ROOM: usize = 7 * 1024;

/// [assumed]: what a report calls the worker service.
const ASSUMED_SERVICE: &str = "PingOne Worker Service";

/// What reports call the things that belong to these integrations: their workers, their labels, the worker service.
pub fn own_items<'a>(integrations: impl IntoIterator<Item = &'a AICIntegration>) -> BTreeSet<String> {
    let known = integrations.into_iter().filter_map(Names::of);
    let items = known.flat_map(|names| [names.worker.to_string(), names.label.secret_label()]);
    items.chain([ASSUMED_SERVICE.to_owned()]).collect()
}

/// Summarises a report. `ours` are the names of what belongs to the run's integrations. The hash covers the sorted
/// list, each part with its length, without dates and the report's id.
pub(super) fn of(report: &Report, ours: &BTreeSet<String>) -> ReportStatus {
    let mut changes: Vec<_> = report.changes().collect();
    changes.sort();
    let mut hash = digest::Context::new(&digest::SHA256);
    let mut status = ReportStatus {
        report_id: (!report.report_id.is_empty()).then(|| shown(&report.report_id)),
        ..ReportStatus::default()
    };
    let mut room = NameBudget::of(ROOM);
    for ReportedChange { change, parts, name } in &changes {
        for part in [change.as_str()]
            .into_iter()
            .chain(parts.iter().map(String::as_str))
        {
            hash.update(&u64::try_from(part.len()).unwrap_or_default().to_be_bytes());
            hash.update(part.as_bytes());
        }
        // The item's own name is the last but one of its parts.
        let is_ours = parts
            .get(parts.len().saturating_sub(2))
            .is_some_and(|own| ours.contains(own));
        let owner = if is_ours {
            &mut status.totals.ours
        } else {
            &mut status.totals.others
        };
        *owner += 1;
        let (count, names) = match change {
            Change::Added => (&mut status.totals.added, &mut status.added),
            Change::Modified => (&mut status.totals.modified, &mut status.modified),
            Change::Deleted => (&mut status.totals.deleted, &mut status.deleted),
        };
        *count += 1;
        status.truncated |= !room.add(name, names);
    }
    let digest = hash.finish();
    for byte in &digest.as_ref()[..16] {
        // Writing to a string does not fail.
        let _ = write!(status.totals.hash, "{byte:02x}");
    }
    status
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of_none(report: &Report) -> ReportStatus {
        of(report, &BTreeSet::new())
    }

    fn report(id: &str, names: impl IntoIterator<Item = String>) -> Report {
        let items: Vec<Value> = names
            .into_iter()
            .map(|name| json!({"name": name, "realm": "/alpha", "uid": id}))
            .collect();
        serde_json::from_value(json!({
            "reportId": id, "promotionId": id, "dryRun": false, "createdDate": id,
            "report": {"AMConfig": [{"configItem": "Scripts", "configChange": {"added": items}}]},
        }))
        .unwrap()
    }

    #[test]
    fn totals_are_whole_and_names_are_cut() {
        let status = of_none(&report("r", (0..200).map(|number| format!("script-{number:03}"))));
        assert_eq!(
            (status.totals.added, status.added.len(), status.truncated),
            (200, 50, true)
        );
        assert_eq!(status.added[0], "AM /alpha Scripts: script-000");
        let long = of_none(&report("r", [format!("{}\n", "x".repeat(100_000))]));
        assert!(long.added[0].len() <= 200 && !long.added[0].contains('\n'));
        assert!(of_none(&report("r", [])).is_empty());
    }

    #[test]
    fn the_hash_is_of_what_is_changed_and_of_nothing_else() {
        let hash = |id: &str, names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned());
            of_none(&report(id, names)).totals.hash
        };
        assert_eq!(hash("one", &["a", "b"]), hash("one", &["b", "a"]));
        assert_ne!(hash("one", &["a", "b"]), hash("one", &["a", "c"]));
    }
}
