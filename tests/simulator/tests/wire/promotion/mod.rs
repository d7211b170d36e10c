//! Self-service promotions.

mod lock_state;
