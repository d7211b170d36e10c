//! Alive is not ready: what is missing for readiness is said by name.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;

/// What must be there before the operator is ready.
#[derive(Clone, Debug, Default)]
pub struct Health {
    missing: Arc<Mutex<BTreeMap<Gate, String>>>,
}

/// One thing that readiness waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gate {
    /// The definition of a kind.
    Definition(&'static str),
    /// The cache of a kind in a namespace.
    Cache(&'static str, Option<String>),
    /// A definition of a kind that keeps all of its status.
    Status(String),
}

impl Health {
    /// Something is missing, with a sentence that says what to do.
    pub fn close(&self, gate: Gate, why: impl Into<String>) {
        self.missing.lock().insert(gate, why.into());
    }

    /// It is there.
    pub fn open(&self, gate: &Gate) {
        self.missing.lock().remove(gate);
    }

    /// What is missing, a line each.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        self.missing.lock().values().cloned().collect()
    }
}
