//! The JWT credential that PingOne shows once: decodes it, checks it and binds it to tenants, without any call.
//!
//! Contract: everything in it is input. Nothing is sent from here, and only the claims in public fields leave this
//! module.

mod claims;
mod decode;
mod digest;
mod tenant_binding;

pub use claims::{ClientCredentials, Credential, Gateway, Grant};
pub use decode::{Undecodable, decode};
pub use digest::Digest;
pub use tenant_binding::{NotAllowed, check as check_tenant_binding, derived_tenant_host, tenant_host};
