//! What the kinds share about a tenant: names, credential, service account, and what a failure means.

pub(super) mod credential;
pub(super) mod error;
pub(super) mod names;
pub(super) mod ownership;
pub(super) mod promoted;
pub(super) mod service_account;
