//! A tenant's admin API: ESVs, PingOne workers, secret label mappings, promotions. No Kubernetes here.

mod adoption;
mod connection_test;
mod error;
mod esv;
mod label_attribute;
mod list;
mod mapping;
mod names;
mod owner_mark;
mod promotion;
mod service_account;
mod shared;
mod tenant;
mod token;
mod worker;

pub use adoption::{Adoption, Shown, adoption};
pub use connection_test::{ConnectionTest, TestedEnvironment};
pub use error::Error;
pub use esv::{Creation, Esv, Version};
pub use label_attribute::LabelAttribute;
pub use mapping::Mapping;
pub use names::{EsvId, IntegrationName, InvalidName, LabelIdentifier, derived_name};
pub use owner_mark::OwnerMark;
pub use promotion::{
    Change, LockSide, LockState, LockStatus, Order, Progress, Report, ReportEntry, ReportedChange, RunKind,
    RunState,
};
pub use service_account::{InvalidServiceAccount, ServiceAccount};
pub use tenant::{Aic, Tenant};
pub use worker::{Service, Worker};
