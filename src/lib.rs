//! Connects PingOne Advanced Identity Cloud tenants to PingOne, from Kubernetes.

pub mod aic;
pub mod api;
pub mod clock;
pub mod controller;
pub mod credential;
pub mod http;
pub mod operator;
pub mod pingone;
pub mod runtime;
