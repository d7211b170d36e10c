//! In what a tenant may differ from the usual one.

use std::time::Duration;

use http::StatusCode;
use jiff::SignedDuration;

use super::Tenant;

#[derive(Debug)]
pub(super) struct Switches {
    pub(super) clock_skew: SignedDuration,
    pub(super) assertion_limit: SignedDuration,
    pub(super) label_attribute: String,
    pub(super) product_connections: bool,
    pub(super) static_write_refusal: StatusCode,
    pub(super) locked_esv_refusal: StatusCode,
    pub(super) secret_cache: SignedDuration,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            clock_skew: SignedDuration::ZERO,
            assertion_limit: SignedDuration::from_secs(899),
            label_attribute: "credentialPurpose".to_owned(),
            product_connections: true,
            static_write_refusal: StatusCode::FORBIDDEN,
            locked_esv_refusal: StatusCode::FORBIDDEN,
            secret_cache: SignedDuration::ZERO,
        }
    }
}

impl Tenant {
    /// How far this tenant's clock is ahead of the network's; negative if behind. 0 by default.
    pub fn set_clock_skew(&self, skew: SignedDuration) {
        self.state().switches.clock_skew = skew;
    }

    /// How far ahead an assertion's `exp` may be. 899 s by default; some deployments refuse more than 180 s.
    pub fn set_assertion_limit(&self, limit: Duration) {
        self.state().switches.assertion_limit = signed(limit);
    }

    /// The name of the worker attribute whose title is *Credential Secret Label Identifier*, by default
    /// `credentialPurpose`. To be set before there are workers.
    pub fn set_label_attribute(&self, name: &str) {
        name.clone_into(&mut self.state().switches.label_attribute);
    }

    /// Whether workers can use the credential of a product connection, as they can by default; otherwise they
    /// do not have the two attributes for it. To be set before there are workers.
    pub fn set_product_connections(&self, supported: bool) {
        self.state().switches.product_connections = supported;
    }

    /// The status with which an immutable tenant refuses to write static configuration. 403 by default.
    pub fn set_static_write_refusal(&self, status: StatusCode) {
        self.state().switches.static_write_refusal = status;
    }

    /// The status with which the ESV API is refused while the environment is locked. 403 by default, which is an
    /// assumption: only the refusal itself is documented.
    pub fn set_locked_esv_refusal(&self, status: StatusCode) {
        self.state().switches.locked_esv_refusal = status;
    }

    /// How long AM goes on with an ESV's value after it has read it: 0 by default, up to 600 s in life.
    pub fn set_secret_cache(&self, lifetime: Duration) {
        self.state().switches.secret_cache = signed(lifetime);
    }
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).expect("a test sets less than 290 billion years")
}
