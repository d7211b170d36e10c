//! What the API server accepts and refuses, what it says when it refuses, and what it fills in.
//! Only what the API server does by itself: no operator runs here.

mod accepted;
mod defaults;
mod explained;
mod manifests;
mod names;
mod refused;
mod refused_updates;
