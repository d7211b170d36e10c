//! What goes wrong, in words that say what to do.

use kube::client::AuthError;

/// Why a command could not be carried out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
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
    /// What it answers is of another version.
    #[error("{0}: the API server's answer cannot be read: {1}. Use the plugin of the operator's version")]
    Unreadable(String, String),
    /// Not everything could be looked at.
    #[error("{0}")]
    Unknown(String),
    /// A tenant does not answer, or refuses.
    #[error("{0}")]
    Tenant(String),
    /// The kubeconfig's login does not work any more.
    #[error("{0}: the login does not work: {1}. Log in again")]
    Login(String, String),
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
            | Self::Unreadable(..)
            | Self::Unknown(_)
            | Self::Tenant(_)
            | Self::Login(..)
            | Self::Refused(..) => 3,
        }
    }

    /// Whether who asks is refused, and will be next time.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Login(..) | Self::Refused(..))
    }

    /// What the API server made of a request. `what` says of which.
    pub fn of(what: &str, error: &kube::Error) -> Self {
        let what = what.to_owned();
        match error {
            kube::Error::Api(status) if status.code == 404 && status.reason == "NotFound" => {
                Self::No(format!("{what}: {}", status.message))
            }
            kube::Error::Api(status) if status.code == 401 => Self::Login(what, status.message.clone()),
            kube::Error::Api(status) if status.code >= 500 => Self::Unreachable(what, status.message.clone()),
            kube::Error::Api(status) => {
                let remedy = match status.code {
                    403 => ". Ask a cluster admin for that right, or choose a namespace with --namespace",
                    404 => ". The CRDs are not installed: install the operator's chart",
                    _ => "",
                };
                Self::Refused(what, status.message.clone(), remedy)
            }
            kube::Error::SerdeError(_) => Self::Unreadable(what, causes(error)),
            // A program that the kubeconfig names for logging in fails here, before anything is sent.
            error if is_login(error) => Self::Login(what, causes(error)),
            error => Self::Unreachable(what, causes(error)),
        }
    }
}

fn is_login(error: &kube::Error) -> bool {
    if matches!(error, kube::Error::Auth(_)) {
        return true;
    }
    let first = match error {
        // Its text is its cause's.
        kube::Error::Service(inner) => Some(&**inner as &(dyn std::error::Error + 'static)),
        error => std::error::Error::source(error),
    };
    std::iter::successors(first, |cause| cause.source()).any(<dyn std::error::Error>::is::<AuthError>)
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
