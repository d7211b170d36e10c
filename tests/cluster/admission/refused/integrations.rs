//! Bad integrations.

use super::{INTERVAL, OBJECT_NAME, all_refused};
use crate::admission::manifests::{integration, not_refused, try_create};
use pingone_aic_harness::TestNamespace;
use serde_json::{Value, json};

const NAME_GRAMMAR: &str =
    "letters and digits in groups joined by single hyphens, for example PingOne-Integration-AIC";
const URL_GRAMMAR: &str = "scheme, host and optional port and nothing else";
const LABEL_GRAMMAR: &str = "letters and digits in groups joined by single periods";

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "a table")]
async fn a_bad_integration_is_refused() {
    let spec = |spec: Value| json!({"spec": spec});
    let name = |name: &str| spec(json!({"name": name}));
    let esv = |id: &str| spec(json!({"esvId": id}));
    let label = |label: &str| spec(json!({"secretLabelIdentifier": label}));
    let tenant = |tenant: Value| spec(json!({"tenant": tenant}));
    let url = |url: &str| tenant(json!({"url": url}));
    let nameless = |environment: &str| spec(json!({"name": null, "tenant": {"environment": environment}}));
    let name_required = "it must be the name in the development tenant";
    all_refused(
        &integration(),
        &[
            (
                spec(json!({"connectionRef": null})),
                "spec.connectionRef",
                "Required value",
            ),
            (
                spec(json!({"connectionRef": {"name": "other/dev"}})),
                "spec.connectionRef.name",
                OBJECT_NAME,
            ),
            (spec(json!({"realm": null})), "spec.realm", "Required value"),
            (
                spec(json!({"realm": "charlie"})),
                "spec.realm",
                r#"supported values: "alpha", "bravo""#,
            ),
            (spec(json!({"tenant": null})), "spec.tenant", "Required value"),
            (tenant(json!({"url": null})), "spec.tenant.url", "Required value"),
            (
                tenant(json!({"environment": null})),
                "spec.tenant.environment",
                "Required value",
            ),
            (
                tenant(json!({"environment": "staging"})),
                "spec.tenant.environment",
                r#"supported values: "Development""#,
            ),
            (
                tenant(json!({"serviceAccountSecretRef": null})),
                "spec.tenant.serviceAccountSecretRef",
                "Required value",
            ),
            (
                tenant(json!({"serviceAccountSecretRef": {"name": "-"}})),
                "spec.tenant.serviceAccountSecretRef.name",
                OBJECT_NAME,
            ),
            (nameless("UAT"), "name is required in UAT", name_required),
            (
                nameless("Staging"),
                "name is required in UAT, Staging",
                name_required,
            ),
            (
                nameless("Production"),
                "name is required in UAT, Staging and Production",
                name_required,
            ),
            (name("PingOne Integration"), "spec.name", NAME_GRAMMAR),
            (name("PingOne--AIC"), "spec.name", NAME_GRAMMAR),
            (name("-PingOne"), "spec.name", NAME_GRAMMAR),
            (name("PingOne.AIC"), "spec.name", NAME_GRAMMAR),
            (name("1-PingOne"), "spec.name", "must begin with a letter"),
            (name(&"x".repeat(65)), "spec.name", "may not be more than 64"),
            (esv("pingone-integration-aic"), "esvId", "must begin with esv-"),
            (
                esv("esv-PingOne"),
                "esvId",
                "lower-case letters, digits, '-' and '_'",
            ),
            (esv("esv-"), "esvId", "for example esv-pingone-integration-aic"),
            (
                label("PingOne-Integration"),
                "secretLabelIdentifier",
                LABEL_GRAMMAR,
            ),
            (
                esv(&format!("esv-{}", "a".repeat(121))),
                "esvId",
                "may not be more than 124",
            ),
            (label(".PingOne"), "secretLabelIdentifier", LABEL_GRAMMAR),
            (label("PingOne..AIC"), "secretLabelIdentifier", LABEL_GRAMMAR),
            (
                label("PingOne."),
                "secretLabelIdentifier",
                "for example PingOne.Integration.AIC",
            ),
            (
                url("http://openam-mycompany-ew2-dev.id.forgerock.io"),
                "tenant.url",
                "must begin with https://",
            ),
            (
                url("openam-mycompany-ew2-dev.id.forgerock.io"),
                "tenant.url",
                "must begin with https://",
            ),
            (url("https://"), "spec.tenant.url", "at least 9 chars long"),
            (url("https://tenant.example.com/"), "tenant.url", URL_GRAMMAR),
            (url("https://tenant.example.com/am"), "tenant.url", URL_GRAMMAR),
            (
                url("https://user:secret@tenant.example.com"),
                "tenant.url",
                URL_GRAMMAR,
            ),
            (
                url("https://tenant.example.com?realm=alpha"),
                "tenant.url",
                URL_GRAMMAR,
            ),
            (url("https://tenant.example.com#alpha"), "tenant.url", URL_GRAMMAR),
            (url("https://Tenant.example.com"), "tenant.url", "lower case"),
            (
                url("https://tenant.example.com:443"),
                "tenant.url",
                "must not name port 443",
            ),
            (url("https://tenant.example.com:0"), "tenant.url", URL_GRAMMAR),
            (url("https://tenant.example.com:65536"), "tenant.url", URL_GRAMMAR),
            (url("https://tenant..example.com"), "tenant.url", URL_GRAMMAR),
            (url("https://tenant.example.com."), "tenant.url", URL_GRAMMAR),
            (url("https://tenant.example.com\n"), "tenant.url", URL_GRAMMAR),
            (spec(json!({"interval": "25h"})), "spec.interval", INTERVAL),
            (
                spec(json!({"driftPolicy": "Ignore"})),
                "spec.driftPolicy",
                r#"supported values: "Correct", "Warn""#,
            ),
            (
                spec(json!({"deletionPolicy": "Orphan"})),
                "spec.deletionPolicy",
                r#"supported values: "Retain", "Delete""#,
            ),
            (spec(json!({"adopt": 1})), "spec.adopt", "must be of type boolean"),
        ],
    )
    .await;
}

/// The rule that asks for a name must not take a null for one.
#[tokio::test]
async fn a_null_does_not_stand_for_a_name() {
    let namespace = TestNamespace::create("a null does not stand for a name").await;
    let mut manifest = integration();
    manifest["spec"]["name"] = Value::Null;
    let change = json!({"spec": {"name": null}});
    let expected = (
        change,
        "name is required in UAT",
        "it must be the name in the development tenant",
    );
    assert_eq!(
        not_refused(try_create(&namespace, &manifest).await, &expected),
        None
    );
}
