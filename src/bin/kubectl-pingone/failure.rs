//! What goes wrong, in words that say what to do.

/// Why a command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The answer is no, and nothing was changed.
    #[error("{0}")]
    No(String),
    /// The command line says something that cannot be.
    #[error("{0}")]
    Usage(String),
    /// There is no kubeconfig that can be used.
    #[error("the kubeconfig cannot be used: {0}")]
    Kubeconfig(String),
    /// The cluster does not answer.
    #[error("{0}: the API server does not answer: {1}")]
    Unreachable(String, String),
    /// Not everything could be looked at.
    #[error("{0}")]
    Unknown(String),
    /// A tenant does not answer, or refuses.
    #[error("{0}")]
    Tenant(String),
    /// The API server refuses.
    #[error("{0}: the API server refuses: {1}{2}")]
    Refused(String, String, &'static str),
}

impl Failure {
    /// What scripts go by.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::No(_) => 1,
            Self::Usage(_) => 2,
            Self::Kubeconfig(_)
            | Self::Unreachable(..)
            | Self::Unknown(_)
            | Self::Tenant(_)
            | Self::Refused(..) => 3,
        }
    }

    /// What the API server made of a request. `what` says of which.
    pub fn of(what: &str, error: &kube::Error) -> Self {
        match error {
            kube::Error::Api(status) if status.code == 404 && status.reason == "NotFound" => {
                Self::No(format!("{what}: {}", status.message))
            }
            kube::Error::Api(status) => {
                let remedy = match status.code {
                    401 => ". Log in again",
                    403 => ". Ask a cluster admin for that right, or choose a namespace with --namespace",
                    404 => ". The CRDs are not installed: install the operator's chart",
                    _ => "",
                };
                Self::Refused(what.to_owned(), status.message.clone(), remedy)
            }
            error => Self::Unreachable(what.to_owned(), causes(error)),
        }
    }
}

/// An error with what it comes from: the innermost says what happened.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}
