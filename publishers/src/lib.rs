//! Turns facts into keys and publishes them.
//!
//! [`Publisher`] receives a fact from the channel and stores it in a [`guest_state`]. A [`schema`] renders the
//! keys of the fact's source as a [`key_tree`]; [`keys`] is the table of all keys. [`diff`] compares that with what
//! is published below the source's roots. A session applies the difference, key by key. This crate reads no fact
//! from the OS.

pub mod address_index;
pub mod clock;
pub mod compare;
pub mod diff;
pub mod guest_state;
pub mod host;
pub mod key_tree;
pub mod keys;
mod publisher;
mod read_back;
pub mod schema;
pub mod selection;
mod session;
mod status;
pub mod store;
pub mod timestamp;
pub mod wanted;
mod watchdog;
mod withdraw;

pub use publisher::{Error, OpenStore, Outcome, Publisher};
pub use schema::Schema;
pub use session::RESERVE;
pub use withdraw::withdraw;
