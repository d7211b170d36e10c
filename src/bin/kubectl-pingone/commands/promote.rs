//! `promote RUN --to STAGE`: gate and pin together, so that nothing else is promoted than what the run shows now.

use pingone_aic_operator::api::{Promotion, PromotionMode, PromotionPhase};
use serde_json::{Value, json};

use super::{Printer, change};
use crate::{Answer, arguments::Promote, cluster::Cluster, failure::Failure};

pub async fn run(
    printer: Printer,
    cluster: &Cluster,
    Promote { change, to }: &Promote,
) -> Result<Answer, Failure> {
    change::run(printer, cluster, change, |run| decide(run, to)).await
}

fn decide(run: &Promotion, to: &str) -> Result<Value, Failure> {
    let no = |text: String| Err(Failure::No(text));
    let names: Vec<_> = run.spec.order.iter().map(|stage| stage.name.as_str()).collect();
    let position = |name: &str| names.iter().position(|known| *known == name);
    let Some(target) = position(to) else {
        return Err(Failure::Usage(format!(
            "there is no stage {to}: the run has {}",
            names.join(", ")
        )));
    };
    let status = run.status.clone().unwrap_or_default();
    let phase = status.phase.map_or("not looked at yet", |phase| phase.as_str());
    if status.phase.is_some_and(PromotionPhase::is_terminal) {
        return no(format!("the run is over ({phase}): a new run needs a new name"));
    }
    if run.spec.abort || status.aborting {
        return no("the run is being aborted: a new run needs a new name".to_owned());
    }
    if run.spec.suspend {
        return no("the run is suspended: resume it first".to_owned());
    }
    if position(&run.spec.up_to) >= Some(target) {
        return no(format!("the gate is at {} already", run.spec.up_to));
    }
    let Some(next) = status.next.filter(|next| next.stage == to) else {
        return no(format!(
            "the run ({phase}) shows nothing of {to} yet, so that there is nothing to pin. Promote one stage at a time, when the run is Gated"
        ));
    };
    let mut spec = json!({"upTo": to});
    // A run of mode DryRun promotes nothing.
    if run.spec.mode == PromotionMode::Promote {
        let Some(report) = &next.provisional else {
            return no(format!(
                "the operator cannot read what {to} would get: look at the run's message"
            ));
        };
        let pin = change::pin(&report.totals.hash, next.source.as_ref());
        spec["approved"] = json!({to: pin});
    }
    Ok(spec)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(up_to: &str, status: &Value) -> Promotion {
        let stage = |name: &str| json!({"name": name, "integrations": [format!("{name}-alpha")]});
        serde_json::from_value(json!({
            "apiVersion": "pingone-aic.io/v1alpha1", "kind": "Promotion", "metadata": {"name": "release-1"},
            "spec": {"order": [stage("dev"), stage("staging"), stage("prod")], "upTo": up_to},
            "status": status,
        }))
        .unwrap()
    }

    #[test]
    fn gate_and_pin_are_raised_together_and_by_one_stage() {
        let look = |stage: &str, source: &Value| {
            let totals = json!({"added": 1, "modified": 0, "deleted": 0, "hash": "abc"});
            json!({
                "phase": "Gated",
                "next": {"stage": stage, "source": source, "provisional": {"totals": totals}},
            })
        };
        let first = decide(&run("dev", &look("staging", &Value::Null)), "staging");
        let pinned = json!({"upTo": "staging", "approved": {"staging": {"hash": "abc"}}});
        assert_eq!(first.unwrap(), pinned);
        let second = decide(&run("staging", &look("prod", &json!("report"))), "prod").unwrap();
        assert_eq!(
            second["approved"]["prod"],
            json!({"hash": "abc", "source": "report"})
        );

        let unread = json!({"phase": "Gated", "next": {"stage": "staging"}});
        for (run, to, says) in [
            (
                run("dev", &look("staging", &Value::Null)),
                "prod",
                "one stage at a time",
            ),
            (
                run("dev", &look("staging", &Value::Null)),
                "uat",
                "dev, staging, prod",
            ),
            (run("staging", &look("prod", &Value::Null)), "staging", "already"),
            (
                run("dev", &json!({"phase": "Failed"})),
                "staging",
                "over (Failed)",
            ),
            (run("dev", &json!(null)), "staging", "not looked at yet"),
            (run("dev", &unread), "staging", "cannot read"),
        ] {
            let refusal = decide(&run, to).unwrap_err().to_string();
            assert!(refusal.contains(says), "{refusal}");
        }
    }
}
