//! Turns facts into keys and keeps the store equal to them.
//!
//! The way of a fact: [`Publisher`] takes it from the channel and folds it into a [`picture`]; a
//! [`schema`] renders the picture as a [`tree`] of keys; [`diff`] says how that differs from what is
//! published; a session applies the difference, key by key. Publishers never ask the OS for a fact.

mod adopt;
mod clock;
pub mod diff;
pub mod indices;
pub mod order;
pub mod picture;
mod publisher;
pub mod schema;
mod session;
pub mod store;
pub mod tree;
mod watchdog;
mod withdraw;

pub use publisher::{Error, Open, Publisher};
pub use schema::Schema;
pub use session::Outcome;
pub use withdraw::withdraw;
