//! Turns facts into keys and keeps the store equal to them.
//!
//! The way of a fact: [`Publisher`] takes it from the channel and folds it into a [`guest_state`]; a
//! [`schema`] renders the state as a [`key_tree`] of keys; [`diff`] says how that differs from what is
//! published; a session applies the difference, key by key. Publishers never ask the OS for a fact.

pub mod address_index;
pub mod clock;
pub mod diff;
pub mod guest_state;
pub mod key_tree;
pub mod priority;
mod publisher;
mod read_back;
pub mod schema;
pub mod selection;
mod session;
pub mod store;
mod timestamp;
mod watchdog;
mod withdraw;
pub mod write_order;

pub use publisher::{Error, OpenStore, Publisher};
pub use schema::Schema;
pub use session::Outcome;
pub use withdraw::withdraw;
