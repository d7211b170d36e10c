//! Flux's notification-controller, by which its alerts are judged.

use super::{Pin, Search, module::Module};
use anyhow::Result;
use std::path::PathBuf;

const MODULE: &str = "github.com/fluxcd/notification-controller";
const NOTIFICATION_CONTROLLER: Pin = Pin {
    program: "notification-controller",
    package: MODULE,
    minutes: "2 minutes",
};

/// Built from the Go module in `tests/flux`.
#[derive(Clone, Debug)]
pub struct FluxPrograms {
    /// The controller.
    pub notification_controller: PathBuf,
    /// The folder with the definitions of its own kinds.
    pub crds: PathBuf,
}

impl FluxPrograms {
    /// Finds or builds them all. Blocks: the first build takes minutes, and says so on stderr.
    pub fn locate() -> Result<Self> {
        let search = Search::new(None, Module::flux()?)?;
        Ok(Self {
            notification_controller: search.find(&NOTIFICATION_CONTROLLER)?,
            crds: search.module.sources(MODULE)?.join("config/crd/bases"),
        })
    }
}
