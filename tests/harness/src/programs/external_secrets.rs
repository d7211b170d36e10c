//! External Secrets Operator, beside which the benchmark measures the operator.

use super::{Pin, Search, module::Module};
use anyhow::Result;
use std::path::PathBuf;

const EXTERNAL_SECRETS: Pin = Pin {
    program: "external-secrets",
    package: "github.com/external-secrets/external-secrets",
    minutes: "10 minutes",
};

/// The program, and its definitions.
#[derive(Clone, Debug)]
pub struct ExternalSecrets {
    /// The program.
    pub program: PathBuf,
    /// The folder with the definitions of its kinds.
    pub crds: PathBuf,
}

impl ExternalSecrets {
    /// Finds or builds it, from the Go module in `benches/external-secrets`. Blocks.
    pub fn locate() -> Result<Self> {
        let search = Search::new(None, Module::external_secrets()?)?;
        let sources = search.module.sources(EXTERNAL_SECRETS.package)?;
        Ok(Self {
            program: search.find(&EXTERNAL_SECRETS)?,
            crds: sources.join("config/crds/bases"),
        })
    }
}
