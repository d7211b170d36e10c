//! The differences between our requests and recorded ones that are meant.

/// What differs, where, and why that is meant. A row or an endpoint that no exchange needs is taken out.
pub struct Meant {
    /// The difference, in the words of `difference.rs`.
    pub what: &'static str,
    /// The endpoints at which it is meant.
    pub at: &'static [&'static str],
    /// Why.
    pub why: &'static str,
}

const LIST_ESVS: &str = "GET /environment/secrets";
const READ_ESV: &str = "GET /environment/secrets/{id}";
const CREATE_ESV: &str = "PUT /environment/secrets/{id}";
const DELETE_ESV: &str = "DELETE /environment/secrets/{id}";
const LIST_VERSIONS: &str = "GET /environment/secrets/{id}/versions";
const CHANGE_STATUS: &str = "POST /environment/secrets/{id}/versions/{version}?_action=changestatus";
const READ_MAPPING: &str =
    "GET {realm}/secrets/stores/GoogleSecretManagerSecretStoreProvider/ESV/mappings/{label}";
const PUT_MAPPING: &str =
    "PUT {realm}/secrets/stores/GoogleSecretManagerSecretStoreProvider/ESV/mappings/{label}";
const DELETE_MAPPING: &str =
    "DELETE {realm}/secrets/stores/GoogleSecretManagerSecretStoreProvider/ESV/mappings/{label}";
const LIST_MAPPINGS: &str =
    "GET {realm}/secrets/stores/GoogleSecretManagerSecretStoreProvider/ESV/mappings?_queryFilter=true";
const READ_SERVICE: &str = "GET {realm}/services/pingOneWorkerService";
const PUT_SERVICE: &str = "PUT {realm}/services/pingOneWorkerService";
const PUT_WORKER: &str = "PUT {realm}/services/pingOneWorkerService/workers/{name}";
const TEST: &str = "POST {realm}/services/pingOneWorkerService/workers/{name}?_action=testConnection";
const TOKEN: &str = "POST /am/oauth2/access_token";
const TOKEN_OF_PERSON: &str = "POST /am/oauth2/access_token with authorization_code";
const LOCK: &str = "POST /environment/promotion/lock";
const UNLOCK: &str = "DELETE /environment/promotion/lock/{promotionId}";
const PROMOTE: &str = "POST /environment/promotion/promote";
const PINGONE_TOKEN: &str = "POST /{environmentId}/as/token";

/// All of them.
pub const MEANT: &[Meant] = &[
    Meant {
        what: "content-type: none for application/json",
        at: &[
            LIST_ESVS,
            READ_ESV,
            DELETE_ESV,
            LIST_VERSIONS,
            READ_MAPPING,
            DELETE_MAPPING,
            LIST_MAPPINGS,
        ],
        why: "a request without a body has no content to have a type",
    },
    Meant {
        what: "accept-api-version: protocol=2.0,resource=1.0 for protocol=2.1,resource=2.0",
        at: &[READ_MAPPING, PUT_MAPPING, DELETE_MAPPING, LIST_MAPPINGS],
        why: "an older version of the same answers, which other public tools ask for",
    },
    Meant {
        what: "accept-api-version: resource=1.0 for protocol=2.0,resource=1.0",
        at: &[READ_SERVICE, PUT_SERVICE, PUT_WORKER],
        why: "the version as the documentation writes it; the resource is the same",
    },
    Meant {
        what: "accept-api-version: protocol=1.0,resource=1.0 for protocol=2.1,resource=1.0",
        at: &[LOCK, UNLOCK, PROMOTE],
        why: "the version that the OpenAPI description gives; the resource is the same",
    },
    Meant {
        what: "accept-api-version: none for protocol=2.1,resource=1.0",
        at: &[TOKEN, TOKEN_OF_PERSON],
        why: "the documentation sends none: OAuth's endpoint has no versions",
    },
    Meant {
        what: "body has another scope",
        at: &[TOKEN],
        why: "no more rights are asked for than are used",
    },
    Meant {
        what: "body has another grant_type",
        at: &[TOKEN_OF_PERSON],
        why: "a person signs in with a browser, the operator with a service account's assertion",
    },
    Meant {
        what: "body lacks code",
        at: &[TOKEN_OF_PERSON],
        why: "an assertion stands in place of the browser's code",
    },
    Meant {
        what: "body lacks code_verifier",
        at: &[TOKEN_OF_PERSON],
        why: "there is no code to verify",
    },
    Meant {
        what: "body lacks redirect_uri",
        at: &[TOKEN_OF_PERSON],
        why: "there is no browser to be redirected",
    },
    Meant {
        what: "body adds assertion",
        at: &[TOKEN_OF_PERSON],
        why: "what a service account proves itself with",
    },
    Meant {
        what: "body adds client_id",
        at: &[TOKEN_OF_PERSON],
        why: "the client of all service accounts",
    },
    Meant {
        what: "body adds scope",
        at: &[TOKEN_OF_PERSON],
        why: "a person's scopes were asked for before, in the browser",
    },
    Meant {
        what: "body has another encoding",
        at: &[CREATE_ESV],
        why: "a credential is a text: generic",
    },
    Meant {
        what: "body has another useInPlaceholders",
        at: &[CREATE_ESV],
        why: "without placeholders the value is loaded at once, with no restart",
    },
    Meant {
        what: "body has another status",
        at: &[CHANGE_STATUS],
        why: "versions are disabled and never enabled again",
    },
    Meant {
        what: "argument realm",
        at: &[LIST_MAPPINGS, READ_SERVICE, PUT_SERVICE, PUT_WORKER],
        why: "the root realm of AM itself was recorded; tenants give people alpha and bravo",
    },
    Meant {
        what: "argument label",
        at: &[READ_MAPPING, PUT_MAPPING, DELETE_MAPPING],
        why: "other services' labels were recorded; the client writes labels of workers alone",
    },
    Meant {
        what: "argument alias",
        at: &[PUT_MAPPING],
        why: "some recorded aliases are no ESV's id, which the client would refuse",
    },
    Meant {
        what: "argument name",
        at: &[PUT_WORKER, TEST],
        why: "people name workers with spaces, an integration's name has none",
    },
    Meant {
        what: "argument environment",
        at: &[PINGONE_TOKEN],
        why: "the documentation has a placeholder for the environment's id",
    },
    Meant {
        what: "body has another aliases",
        at: &[PUT_MAPPING],
        why: "two aliases were tried and refused; the client sends exactly one",
    },
    Meant {
        what: "body lacks _id",
        at: &[PUT_MAPPING, PUT_SERVICE, PUT_WORKER],
        why: "the path has the id; what a tenant adds to its answers is not written back",
    },
    Meant {
        what: "body lacks _type",
        at: &[PUT_MAPPING, PUT_SERVICE, PUT_WORKER],
        why: "what a tenant adds to its answers is not written back",
    },
    Meant {
        what: "body adds enabled",
        at: &[PUT_SERVICE],
        why: "the recorded tool relies on the default; the operator says what it is for",
    },
    Meant {
        what: "body adds useCredential",
        at: &[PUT_WORKER],
        why: "the recorded workers have a client's id and secret, ours has a credential",
    },
    Meant {
        what: "body adds labelOfSchema",
        at: &[PUT_WORKER],
        why: "the label of the credential, under the name that the played schema gives it",
    },
];

/// Every difference with its reason, for people.
pub fn reasons() -> String {
    let lines = MEANT
        .iter()
        .map(|Meant { what, at, why }| format!("      meant, at {} endpoints: {what} [{why}]", at.len()));
    lines.collect::<Vec<_>>().join("\n")
}
