//! What surrounds the controllers: options, logs, metrics, health, leadership.

mod health;
pub(crate) mod kubernetes;
mod leadership;
mod metrics;
mod options;
mod selector;
mod serve;
mod signals;
mod telemetry;

pub use health::{Gate, Health};
pub use leadership::{Candidate, Leadership, Lost};
pub use metrics::{Fleet, Metrics, Milestones, QueueLoad, Vendor};
pub use options::{Arguments, Command, LogFormat, Options, UnreadableBundle};
pub use serve::serve;
pub use signals::until_terminated;
pub use telemetry::{NoTraces, Telemetry, init as init_telemetry};
