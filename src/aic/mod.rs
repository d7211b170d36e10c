//! A tenant's admin API: ESVs, PingOne workers, secret label mappings, promotions. No Kubernetes here.

mod esv;
mod list;
mod mapping;
mod names;
mod promotion;
mod proof;
mod service_account;
mod tenant;
mod token;
mod worker;

pub use esv::{Creation, Esv, Version};
pub use mapping::Mapping;
pub use names::{EsvId, IntegrationName, InvalidName, LabelIdentifier, derived_name};
pub use promotion::{
    Change, LockSide, LockState, LockStatus, Order, Progress, Report, ReportEntry, RunKind, RunState,
};
pub use proof::Proof;
pub use service_account::{InvalidServiceAccount, ServiceAccount};
pub use tenant::{Aic, Error, Tenant};
pub use worker::{LabelAttribute, Service, Worker};
