//! The JWT credential that PingOne shows once: decoded, checked and bound to tenants, without asking anybody.
//!
//! Contract: everything in it is input. Nothing is sent anywhere from here, and nothing leaves but the claims that
//! are named as public fields.

mod claims;
mod decode;
mod digest;
mod tenant_binding;

pub use claims::{ClientCredentials, Credential, Gateway, Grant};
pub use decode::{Undecodable, decode};
pub use digest::Digest;
pub use tenant_binding::{NotAllowed, check as check_tenant_binding};
