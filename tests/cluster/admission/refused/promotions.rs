//! Bad promotions.

use super::all_refused;
use crate::admission::manifests::{promotion, stage};
use serde_json::{Value, json};

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "a table")]
async fn a_bad_promotion_is_refused() {
    let spec = |spec: Value| json!({"spec": spec});
    let order = |stages: &[Value]| json!({"spec": {"order": stages, "upTo": "a"}});
    let timeout = |name: &str, value: &str| json!({"spec": {"timeouts": {name: value}}});
    let numbered =
        |prefix: &str, count: usize| (0..count).map(|n| format!("{prefix}{n}")).collect::<Vec<_>>();
    let second = |integrations: Value| {
        order(&[
            stage("a", &["one"]),
            json!({"name": "b", "integrations": integrations}),
        ])
    };
    let nine: Vec<Value> = numbered("stage", 9)
        .iter()
        .map(|name| stage(name, &[name]))
        .collect();
    let stage_grammar = "may hold lower-case letters, digits and '-'";
    all_refused(
        &promotion(),
        &[
            (spec(json!({"order": null})), "spec.order", "Required value"),
            (spec(json!({"upTo": null})), "spec.upTo", "Required value"),
            (
                spec(json!({"upTo": "production"})),
                "upTo",
                "must name a stage of order",
            ),
            (
                order(&[stage("a", &["one"])]),
                "spec.order",
                "should have at least 2 items",
            ),
            (order(&nine), "spec.order", "must have at most 8 items"),
            (
                order(&[stage("a", &["one"]), stage("a", &["two"])]),
                "order",
                "give every stage a name of its own",
            ),
            (
                order(&[stage("a", &["one"]), stage("b", &["one"])]),
                "order",
                "list an integration in one stage only",
            ),
            (
                order(&[stage("a", &["one"]), stage("B", &["two"])]),
                "spec.order[1].name",
                stage_grammar,
            ),
            (
                order(&[stage("a", &["one"]), stage("b-", &["two"])]),
                "spec.order[1].name",
                stage_grammar,
            ),
            (
                order(&[stage("a", &["one"]), json!({"name": "b"})]),
                "spec.order[1].integrations",
                "Required value",
            ),
            (
                order(&[stage("a", &["one"]), json!({"integrations": ["two"]})]),
                "spec.order[1].name",
                "Required value",
            ),
            (
                second(json!([])),
                "spec.order[1].integrations",
                "should have at least 1 items",
            ),
            (
                second(json!(numbered("i", 17))),
                "spec.order[1].integrations",
                "must have at most 16 items",
            ),
            (
                second(json!(["two", "two"])),
                "integrations",
                "must not repeat a name",
            ),
            (
                second(json!(["Two"])),
                "integrations",
                "the names of AICIntegrations in this namespace",
            ),
            (
                spec(json!({"mode": "Force"})),
                "spec.mode",
                r#"supported values: "Promote", "DryRun""#,
            ),
            (
                spec(json!({"onFailure": "Ignore"})),
                "spec.onFailure",
                r#"supported values: "Halt", "Rollback""#,
            ),
            (
                spec(json!({"promoter": ""})),
                "spec.promoter",
                "at least 1 chars long",
            ),
            (
                spec(json!({"ticketReference": "x".repeat(257)})),
                "spec.ticketReference",
                "may not be more than 256",
            ),
            (
                spec(json!({"description": "x".repeat(1025)})),
                "spec.description",
                "may not be more than 1024",
            ),
            (
                spec(json!({"description": "as [pingone-aic-operator a/b]"})),
                "description",
                "must not hold the text [pingone-aic-operator",
            ),
            (
                timeout("lock", "14m59s"),
                "timeouts.lock",
                "a duration from 15m to 24h, for example 30m",
            ),
            (
                timeout("promotion", "2d"),
                "timeouts.promotion",
                "a duration from 1m to 24h, for example 2h",
            ),
            (
                timeout("verification", "25h"),
                "timeouts.verification",
                "a duration from 1m to 24h, for example 15m",
            ),
            (
                spec(json!({"abort": "now"})),
                "spec.abort",
                "must be of type boolean",
            ),
        ],
    )
    .await;
}
