//! One HTTP stack for both vendors.
//!
//! Contract: nothing is sent to a host that is not allowed, beyond its rate limit, or while it refuses calls or does
//! not answer. Redirects are not followed. Every call has a timeout. Every error says whether the call was done, not
//! done, or may have been done. Nothing that comes back contains a secret.

mod breaker;
mod call;
mod client;
mod closure;
mod error;
mod exchange;
mod host;
mod hosts;
mod left_alone;
mod priority;
mod rate_limit;
mod redact;
mod refusal;
mod retry_after;
mod single_flight;

pub use breaker::News;
pub use call::{Call, Delivery, Guard, Reply};
pub use client::{Http, ONCE_ONLY_TIMEOUT, Observer, Settings};
pub use error::{Error, Outcome, REFUSAL_STANDS_FOR};
pub use host::{AllowList, BaseUrl, Host, HostPattern, InvalidHost, InvalidUrl};
pub use hosts::HostLoad;
pub use priority::Priority;
pub use rate_limit::Rate;
pub use redact::without_jwts;
pub use retry_after::RetryAfter;
pub use single_flight::SingleFlight;
