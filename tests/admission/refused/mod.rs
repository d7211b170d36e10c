//! Manifests that are refused when they are created, each in words that name the field and the remedy.

mod connections;
mod integrations;
mod promotions;

use crate::manifests::{Refusal, changed, not_refused, try_create};
use pingone_aic_harness::TestNamespace;
use serde_json::Value;

const INTERVAL: &str = "interval must be a duration from 1m to 24h, for example 10m";
const OBJECT_NAME: &str = "must be the name of an object in this namespace: lower-case letters";

async fn all_refused(good: &Value, refusals: &[Refusal]) {
    let namespace = TestNamespace::create("a bad manifest is refused").await;
    let mut complaints = Vec::new();
    for refusal in refusals {
        let answer = try_create(&namespace, &changed(good.clone(), &refusal.0)).await;
        complaints.extend(not_refused(answer, refusal));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
