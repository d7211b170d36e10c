//! What is not held, and why: one row an endpoint.

/// Successes of endpoints that the clients do not call. Their refusals are held.
pub const LEFT_OUT: &[(&str, &str)] = &[
    (
        "DELETE /environment/secrets/{id}/versions/{version}",
        "versions are disabled and never destroyed",
    ),
    (
        "GET /environment/secrets/{id}/versions/{version}",
        "all versions are read at once",
    ),
    (
        "GET /environment/info",
        "whether an environment is immutable is said in the spec",
    ),
    ("GET /environment/release", "nothing rests on a tenant's release"),
    (
        "GET /environment/scopes/service-accounts",
        "the scopes are fixed, and their absence is told by the token",
    ),
    (
        "GET /environment/startup",
        "a tenant is never restarted, so that nobody waits for its restart",
    ),
    (
        "POST /environment/startup?_action=restart",
        "a tenant is never restarted: ESVs without placeholders need none",
    ),
    (
        "GET /environment/direct-configuration/session/state",
        "static configuration of upper environments is never changed",
    ),
    (
        "PUT /environment/direct-configuration/session/init",
        "no session is opened there: promotions alone bring static configuration",
    ),
    (
        "PUT /environment/direct-configuration/session/apply",
        "no session is opened that could be applied",
    ),
    (
        "PUT /environment/direct-configuration/session/abort",
        "no session is opened, and those of people are theirs to abort",
    ),
    (
        "GET {realm}/secrets/stores/GoogleSecretManagerSecretStoreProvider/ESV",
        "the store itself is the platform's; the ten minutes of its cache are waited for, not read",
    ),
    (
        "POST {realm}/secrets/stores/GoogleSecretManagerSecretStoreProvider/ESV/mappings?_action=create",
        "mappings are made by PUT, which can be repeated",
    ),
    (
        "DELETE {realm}/services/pingOneWorkerService",
        "the service is the realm's, and may have workers of others",
    ),
    (
        "POST {realm}/services/pingOneWorkerService?_action=nextdescendents",
        "a worker is read by its name; the listed ones are held in schema.rs",
    ),
    (
        "GET /am/json/global-config/services/pingOneWorkerService",
        "a tenant does not let its global configuration be read",
    ),
    (
        "PUT /am/json/global-config/services/pingOneWorkerService",
        "a tenant does not let its global configuration be written",
    ),
    (
        "POST /am/json/global-config/services/pingOneWorkerService?_action=nextdescendents",
        "workers belong to realms, and none is global",
    ),
    (
        "POST /v1/environments/{environmentId}/gateways",
        "product connections are made by people in the console",
    ),
    (
        "PUT /v1/environments/{environmentId}/gateways/{gatewayId}",
        "product connections are enabled by people in the console",
    ),
    (
        "POST /v1/environments/{environmentId}/gateways/{gatewayId}/credentials",
        "credentials are made by people; the claims of the documented one are held in credentials.rs",
    ),
    (
        "GET /v1/environments/{environmentId}/gateways/{gatewayId}/credentials",
        "whether a credential is good is told by a token, which needs no right to read gateways",
    ),
    (
        "GET /v1/environments/{environmentId}/gateways/{gatewayId}/credentials/{credentialId}",
        "when a credential was last used is nothing that is shown",
    ),
    (
        "DELETE /v1/environments/{environmentId}/gateways/{gatewayId}/credentials/{credentialId}",
        "credentials are revoked by people in the console",
    ),
    (
        "POST /v1/environments/{environmentId}/gateways/{gatewayId}/roleAssignments",
        "roles of a product connection are given by people in the console",
    ),
    (
        "GET /v1/environments/{environmentId}/gateways/{gatewayId}/roleAssignments",
        "a missing right shows in the call that needs it",
    ),
    (
        "DELETE /v1/environments/{environmentId}/gateways/{gatewayId}/roleAssignments/{assignmentId}",
        "roles of a product connection are taken by people in the console",
    ),
];

/// Files without an exchange.
pub const FACTS: &[(&str, &str)] = &[
    (
        "credential-jwt.json",
        "claims of credentials: tests of credentials.rs hold them",
    ),
    (
        "direct-configuration-control.json",
        "sentences about the sessions that the operator does not open",
    ),
    (
        "names.json",
        "names of environments: a test of credentials.rs holds them",
    ),
    (
        "product-connection-console.json",
        "what PingOne's console shows; its calls were not seen",
    ),
    ("promotion-docs-2026.json", "sentences of the documentation"),
    (
        "worker-schema.json",
        "titles of attributes and the form of labels: tests of schema.rs hold them",
    ),
    ("worker-service-code.json", "what happens inside of a tenant"),
];
