//! Turns facts into keys and publishes them.
//!
//! [`Publisher`] receives a fact from the channel and stores it in a [`guest_state`]. A [`schema`] renders the
//! state as a [`key_tree`]. [`diff`] compares that with the published keys. A session applies the difference,
//! key by key. This crate reads no fact from the OS.

pub mod address_index;
pub mod clock;
pub mod compare;
pub mod diff;
pub mod guest_state;
pub mod host;
pub mod key_tree;
pub mod priority;
mod publisher;
mod read_back;
pub mod schema;
pub mod selection;
mod session;
mod status;
pub mod store;
pub mod timestamp;
mod watchdog;
mod withdraw;
pub mod write_order;

pub use publisher::{Error, OpenStore, Publisher};
pub use schema::Schema;
pub use session::{Outcome, RESERVE};
pub use withdraw::withdraw;
