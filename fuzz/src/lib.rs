//! What the fuzz targets share: the rules that every key obeys, a guest's files in a directory, any
//! facts, and a store in memory.

pub mod facts;
mod guest;
mod keys;
mod memory;

pub use guest::Guest;
pub use keys::{check_all, check_key};
pub use memory::{Fault, Memory};
