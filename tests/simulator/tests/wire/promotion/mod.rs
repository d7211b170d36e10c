//! Self-service promotions.

mod esvs;
mod findings;
mod lock;
mod lock_state;
mod neighbours;
mod outside;
mod people;
mod promote;
mod provisional;
mod report;
mod rollback;
mod scopes;
