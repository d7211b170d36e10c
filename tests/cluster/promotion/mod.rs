//! `Promotion` on a real API server, against simulated tenants, by an operator whose clock is moved.

mod console_users;
mod content;
mod frozen;
mod group_changes;
mod leaders;
mod life;
mod lock_takeover;
pub mod look;
mod lost;
mod lost_key;
mod namesakes;
mod platform;
mod preflight;
mod queue;
mod refusals;
mod reports;
mod restored;
mod rights;
mod runs;
mod standby;
mod turns;
mod unreadable;
mod unrecorded;
mod verification;
mod woken;
