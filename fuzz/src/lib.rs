//! Shared by the fuzz targets: the rules of keys, a guest's files in a directory, arbitrary facts, and a fake
//! xenstore.

pub mod facts;
mod fake_xenstore;
mod guest;
mod keys;

pub use fake_xenstore::{FakeXenstore, Fault};
pub use guest::Guest;
pub use keys::{check_all, check_key};
