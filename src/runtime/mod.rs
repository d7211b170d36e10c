//! What surrounds the controllers: options, logs, metrics, health, start and end.

mod health;
mod kubernetes;
mod leadership;
mod metrics;
mod options;
mod selector;
mod serve;
mod signals;
mod start;
mod telemetry;

pub use health::{Gate, Health};
pub use leadership::{Candidate, Leadership, Lost};
pub use metrics::{Metrics, Milestones, QueueLoad, Vendor};
pub use options::{Arguments, Command, LogFormat, Options, UnreadableBundle};
pub use serve::serve;
pub use signals::until_terminated;
pub use start::run;
pub use telemetry::{NoTraces, Telemetry, init as init_telemetry};
