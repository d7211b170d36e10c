//! `diff RUN`: what the next stage would get. Deletions first, and of each item whether it is this run's own.

mod print;

use pingone_aic_operator::api::{AICIntegration, Promotion};

use super::Printer;
use crate::{Answer, arguments::Output, changes, cluster::Cluster, failure::Failure};

pub async fn run(printer: Printer, cluster: &Cluster, run: &str) -> Result<Answer, Failure> {
    let promotion: Promotion = cluster.get(run).await?;
    let integrations: Vec<AICIntegration> = cluster.list(false).await?;
    let diff = changes::of(&promotion, integrations.iter())?;
    printer.print(&diff, || match printer.output {
        Output::Markdown => print::markdown(&diff),
        _ => print::text(&diff, printer.style),
    })?;
    Ok(Answer::Yes)
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
        let diff = changes::of(&run, [&integration].into_iter()).unwrap();
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
