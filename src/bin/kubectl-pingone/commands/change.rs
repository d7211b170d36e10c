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

/// A person has looked at the content with this hash, and decides about no other.
fn check(spec: &Value, looked_at: Option<&str>) -> Result<(), Failure> {
    let mut pins = spec["approved"]
        .as_object()
        .into_iter()
        .flat_map(|pins| pins.values());
    let shown = pins.find_map(|pin| pin["hash"].as_str());
    match (looked_at, shown) {
        (Some(looked_at), Some(shown)) if looked_at != shown => Err(Failure::No(format!(
            "the run shows the content {shown} by now, and not {looked_at}; nothing was changed: look at it with diff"
        ))),
        _ => Ok(()),
    }
}

/// Decides by the run as it is, and changes its spec by that: or prints the lines that do.
pub async fn run(
    printer: Printer,
    cluster: &Cluster,
    Change {
        run: name,
        print,
        hash,
        form: _,
    }: &Change,
    decide: impl Fn(&Promotion) -> Result<Value, Failure>,
) -> Result<Answer, Failure> {
    let mut first = None;
    for _ in 0..ATTEMPTS {
        let run: Promotion = cluster.get(name).await?;
        let spec = decide(&run)?;
        check(&spec, hash.as_deref())?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_at_is_what_is_pinned() {
        let spec = json!({"approved": {"staging": pin("abc", None)}});
        assert!(check(&spec, None).is_ok() && check(&spec, Some("abc")).is_ok());
        let refusal = check(&spec, Some("abd")).unwrap_err().to_string();
        assert!(refusal.contains("abc") && refusal.contains("abd"), "{refusal}");
        assert!(
            check(&json!({"upTo": "staging"}), Some("abc")).is_ok(),
            "a dry run pins nothing"
        );
    }
}
