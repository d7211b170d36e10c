//! `diff RUN`: what the next stage would get. Deletions first, and of each item whether it is this run's own.

mod print;

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt as _;
use pingone_aic_operator::{
    api::{AICIntegration, Promotion, ReportStatus},
    controller::own_items,
};
use serde::Serialize;

use super::Printer;
use crate::{
    Answer,
    arguments::{Output, Run},
    cluster::Cluster,
    failure::Failure,
    style::plain,
};

/// A list of changes, and where it is from.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Diff {
    run: String,
    from: String,
    to: String,
    /// `provisional` or `dry run`.
    list: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    hash: String,
    summary: String,
    deleted: Vec<Item>,
    added: Vec<Item>,
    modified: Vec<Item>,
    truncated: bool,
}

#[derive(Serialize)]
struct Item {
    name: String,
    /// Whether it belongs to one of the run's integrations.
    ours: bool,
}

pub async fn run(printer: Printer, cluster: &Cluster, Run { run }: &Run) -> Result<Answer, Failure> {
    let promotion: Promotion = cluster.get(run).await?;
    let integrations: Vec<AICIntegration> = cluster.list(false).await?;
    let diff = of(&promotion, &integrations)?;
    if printer.output == Output::Markdown {
        print!("{}", print::markdown(&diff));
    } else {
        printer.print(&diff, || print::text(&diff, printer.style))?;
    }
    Ok(Answer::Yes)
}

/// What was looked at last: the dry run of a held stage, else what the gate shows.
fn of(run: &Promotion, integrations: &[AICIntegration]) -> Result<Diff, Failure> {
    let status = run.status.clone().unwrap_or_default();
    let held = status.stages.iter().find(|stage| stage.held.is_some());
    let dry_run = held.and_then(|stage| Some((stage.name.clone(), stage.dry_run.clone()?)));
    let (to, report, list, source, seen_at) = if let Some((stage, dry_run)) = dry_run {
        (stage, dry_run.report, "dry run", dry_run.source, None)
    } else if let Some(next) = status.next {
        let Some(report) = next.provisional else {
            return Err(Failure::No(format!(
                "the operator cannot read what {} would get: look at the run's message",
                next.stage
            )));
        };
        (next.stage, report, "provisional", next.source, next.seen_at)
    } else {
        let phase = status.phase.map_or("not looked at yet", |phase| phase.as_str());
        return Err(Failure::No(format!("the run ({phase}) shows no next stage")));
    };
    let below = run.spec.order.iter().take_while(|stage| stage.name != to).last();
    let summary = report.totals.to_string();
    let ReportStatus {
        totals,
        deleted,
        added,
        modified,
        truncated,
        ..
    } = report;
    let named: BTreeSet<_> = run
        .spec
        .order
        .iter()
        .flat_map(|stage| &stage.integrations)
        .collect();
    let members = integrations.iter().filter(|it| named.contains(&it.name_any()));
    let ours = own_items(members);
    let items = |names: Vec<String>| -> Vec<Item> {
        let is_ours = |name: &str| ours.iter().any(|own| name.ends_with(&format!(": {own}")));
        let item = |name: String| Item {
            ours: is_ours(&name),
            name: plain(&name),
        };
        names.into_iter().map(item).collect()
    };
    Ok(Diff {
        run: run.name_any(),
        from: below.map(|stage| stage.name.clone()).unwrap_or_default(),
        to,
        list,
        seen_at,
        source,
        hash: totals.hash,
        summary,
        deleted: items(deleted),
        added: items(added),
        modified: items(modified),
        truncated,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::style::Style;

    #[test]
    fn what_is_the_runs_own_is_told_from_the_rest() {
        let run: Promotion = serde_json::from_value(json!({
            "apiVersion": "pingone-aic.io/v1alpha1", "kind": "Promotion", "metadata": {"name": "release-1"},
            "spec": {
                "order": [
                    {"name": "dev", "integrations": ["dev-alpha"]},
                    {"name": "staging", "integrations": ["staging-alpha"]},
                ],
                "upTo": "dev",
            },
            "status": {"phase": "Gated", "next": {"stage": "staging", "provisional": {
                "totals": {"deleted": 1, "added": 2, "modified": 0, "ours": 1, "others": 2, "hash": "abc"},
                "deleted": ["AM /alpha Scripts: old\u{1b}[2J"],
                "added": ["AM /alpha PingOne Workers: Our-Worker", "AM /alpha Scripts: Not-Our-Worker"],
            }}},
        }))
        .unwrap();
        let integration: AICIntegration = serde_json::from_value(json!({
            "apiVersion": "pingone-aic.io/v1alpha1", "kind": "AICIntegration", "metadata": {"name": "dev-alpha"},
            "spec": {
                "connectionRef": {"name": "dev"}, "realm": "alpha", "name": "Our-Worker",
                "tenant": {
                    "url": "https://a.example.com", "environment": "Development",
                    "serviceAccountSecretRef": {"name": "aic"},
                },
            },
        }))
        .unwrap();
        let diff = of(&run, &[integration]).unwrap();
        let drawn = print::text(&diff, Style::plain());
        for line in [
            "1 deleted, 2 added, 0 modified; 1 of this run's integrations, 2 others\n",
            "  - AM /alpha Scripts: old[2J\n",
            "  + AM /alpha PingOne Workers: Our-Worker  (this run's)\n",
            "  + AM /alpha Scripts: Not-Our-Worker\n",
        ] {
            assert!(drawn.contains(line), "{line} {drawn}");
        }
        assert!(drawn.find("Deleted") < drawn.find("Added"));
    }
}
