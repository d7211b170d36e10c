//! Bad connections.

use super::{INTERVAL, OBJECT_NAME, all_refused};
use crate::admission::manifests::connection;
use serde_json::{Value, json};

#[tokio::test]
async fn a_bad_connection_is_refused() {
    let spec = |spec: Value| json!({"spec": spec});
    let name = |name: &str| spec(json!({"environment": {"name": name}}));
    let id = |id: &str| spec(json!({"environment": {"id": id}}));
    let secret = |name: &str, key: &str| spec(json!({"credentialSecretRef": {"name": name, "key": key}}));
    let interval = |interval: &str| spec(json!({"interval": interval}));
    all_refused(
        &connection(),
        &[
            (json!({"spec": null}), "spec", "Required value"),
            (
                spec(json!({"credentialSecretRef": null})),
                "spec.credentialSecretRef",
                "Required value",
            ),
            (
                spec(json!({"credentialSecretRef": {"name": null}})),
                "spec.credentialSecretRef.name",
                "Required value",
            ),
            (
                spec(json!({"environment": null})),
                "spec.environment",
                "Required value",
            ),
            (
                spec(json!({"environment": {"name": null}})),
                "spec.environment.name",
                "Required value",
            ),
            (
                secret("PingOne", "credential"),
                "spec.credentialSecretRef.name",
                OBJECT_NAME,
            ),
            (
                secret("other/pingone", "credential"),
                "spec.credentialSecretRef.name",
                OBJECT_NAME,
            ),
            (
                secret("", "credential"),
                "spec.credentialSecretRef.name",
                "at least 1 chars long",
            ),
            (
                secret("pingone", "a/b"),
                "spec.credentialSecretRef.key",
                "letters, digits, '-', '_' and '.'",
            ),
            (
                secret("pingone", ""),
                "spec.credentialSecretRef.key",
                "at least 1 chars long",
            ),
            (name(""), "spec.environment.name", "at least 1 chars long"),
            (
                name(" dev"),
                "environment.name",
                "must not begin or end with white space",
            ),
            (
                name(&"x".repeat(257)),
                "spec.environment.name",
                "may not be more than 256",
            ),
            (id("dev"), "environment.id", "a lower-case UUID"),
            (
                id("0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9"),
                "environment.id",
                "a lower-case UUID",
            ),
            (interval("59s"), "spec.interval", INTERVAL),
            (interval("24h1s"), "spec.interval", INTERVAL),
            (interval("10"), "spec.interval", INTERVAL),
            (interval("ten minutes"), "spec.interval", INTERVAL),
            (interval("-10m"), "spec.interval", INTERVAL),
            // More hours than a CEL duration can hold.
            (interval("99999999999999999999h"), "spec.interval", INTERVAL),
            (
                spec(json!({"interval": 600})),
                "spec.interval",
                "must be of type string",
            ),
            (
                spec(json!({"suspend": "yes"})),
                "spec.suspend",
                "must be of type boolean",
            ),
        ],
    )
    .await;
}
