//! Requests and answers on `/environment/*` held against the vendor's `OpenAPI` description.

mod description;
mod operation;
mod schema;

use std::fmt;
use std::io::Write;
use std::path::Path;
use std::sync::{LazyLock, Mutex, PoisonError};

use description::Description;

use crate::message::{Answer, Request};

/// The environment variable that names the description, a JSON file.
const VARIABLE: &str = "AIC_OPENAPI";

/// Which half of an exchange departed from the description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The program under test sent something that the tenant does not promise to understand.
    Request,
    /// The simulator answered something that a tenant would not.
    Response,
}

/// A departure from the description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The place of the exchange in the journal.
    pub sequence: usize,
    /// Method and path.
    pub exchange: String,
    /// Who departed.
    pub side: Side,
    /// What is wrong, without values.
    pub reason: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            sequence,
            exchange,
            side,
            reason,
        } = self;
        write!(formatter, "exchange {sequence}, {exchange}, {side:?}: {reason}")
    }
}

/// The description that the environment names. If it names none, that is said here, and so once a process.
static DESCRIPTION: LazyLock<Option<Description>> = LazyLock::new(|| {
    let Some(path) = std::env::var_os(VARIABLE) else {
        // Not eprintln!, whose text a test runner swallows. A closed stderr is nobody's problem.
        let _ = writeln!(
            std::io::stderr(),
            "WARNING: {VARIABLE} is not set: /environment/* is NOT checked against the vendor's OpenAPI \
             description. Set it to the path of that file to have this check."
        );
        return None;
    };
    match Description::load(Path::new(&path)) {
        Ok(description) => Some(description),
        Err(error) => panic!("failed to load {VARIABLE}={}: {error}", path.display()),
    }
});

#[derive(Debug)]
pub(crate) struct OpenApi {
    description: Option<&'static Description>,
    violations: Mutex<Vec<Violation>>,
}

impl OpenApi {
    pub(crate) fn from_env() -> Self {
        Self {
            description: DESCRIPTION.as_ref(),
            violations: Mutex::default(),
        }
    }

    /// Checks an exchange and keeps what is wrong with it. Other paths are not described.
    pub(crate) fn check(&self, sequence: usize, request: &Request, answer: &Answer) {
        let Some(description) = self.description else {
            return;
        };
        if !request.path.starts_with("/environment/") {
            return;
        }
        let exchange = format!("{} {}", request.method, request.path);
        let found = description
            .check(request, answer)
            .into_iter()
            .map(|(side, reason)| Violation {
                sequence,
                exchange: exchange.clone(),
                side,
                reason,
            });
        self.violations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(found);
    }

    pub(crate) fn violations(&self) -> Vec<Violation> {
        self.violations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
