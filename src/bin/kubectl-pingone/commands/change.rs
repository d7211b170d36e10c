//! A change of a run's spec that a person decided after a look: made only while the run still shows what was looked at.

use kube::ResourceExt as _;
use pingone_aic_operator::api::Promotion;
use serde_json::{Value, json};

use super::Printer;
use crate::{Answer, arguments::Change, cluster::Cluster, failure::Failure};

/// How often the operator may have written status in between.
const ATTEMPTS: usize = 5;

/// The content that may be promoted to a stage.
pub fn pin(hash: &str, source: Option<&String>) -> Value {
    let mut pin = json!({"hash": hash});
    if let Some(source) = source {
        pin["source"] = json!(source);
    }
    pin
}

/// Decides by the run as it is, and changes its spec by that: or prints the lines that do.
pub async fn run(
    printer: Printer,
    cluster: &Cluster,
    Change { run: name, print, .. }: &Change,
    decide: impl Fn(&Promotion) -> Result<Value, Failure>,
) -> Result<Answer, Failure> {
    let mut first = None;
    for _ in 0..ATTEMPTS {
        let run: Promotion = cluster.get(name).await?;
        let spec = decide(&run)?;
        // Nobody has looked at what comes in between.
        if *first.get_or_insert_with(|| spec.clone()) != spec {
            return Err(Failure::No(format!(
                "Promotion {name} shows something else by now, and nothing was changed: look at it with diff"
            )));
        }
        let lines = || serde_saphyr::to_string(&json!({"spec": spec})).unwrap_or_default();
        if *print {
            printer.print(&json!({"spec": spec}), lines)?;
            return Ok(Answer::Yes);
        }
        // Whatever is decided is decided of this version of the run.
        let patch = json!({"metadata": {"resourceVersion": run.resource_version()}, "spec": spec});
        if let Some(changed) = cluster.patch::<Promotion>(name, &patch).await? {
            let said = || format!("promotion.pingone-aic.io/{name} changed:\n{}", lines());
            printer.print(&changed, said)?;
            return Ok(Answer::Yes);
        }
    }
    Err(Failure::No(format!(
        "Promotion {name} changes so often that nothing was changed here: try again"
    )))
}
