//! The stores that keys are written to, and what their errors mean.
//!
//! The seam is `xenstore_rs::Xs`: read, write, rm, directory. A store says no by an error that holds
//! a [`XsError`]; every other error means that the connection is of no use any more.

mod closed;
#[cfg(test)]
pub mod fake;
mod stdout;
mod xenstore;

use std::io;

use ::xenstore::XsError;
use xenstore_rs::Xs;

pub use closed::Closed;
pub use stdout::Stdout;
pub use xenstore::Xenstore;

/// A store that a publisher can own.
pub trait Store: Xs {
    /// Called after each batch that changed something.
    ///
    /// # Errors
    /// As for a write.
    fn batch_done(&self) -> io::Result<()> {
        Ok(())
    }

    /// Whether it is worth opening the store again when the connection to it is lost.
    fn can_reconnect(&self) -> bool {
        true
    }
}

/// What an error of a store means for who asked.
#[derive(Debug)]
pub enum Failure {
    /// There is no such node.
    NotFound,
    /// Not allowed here, or not possible at all: asking again would not help.
    Denied(String),
    /// A quota is used up.
    Quota(String),
    /// Something else that may pass.
    Transient(String),
    /// The connection is lost, or what came over it makes no sense.
    Disconnected(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let refusal = error.get_ref().and_then(|inner| inner.downcast_ref::<XsError>());
        let Some(XsError(name)) = refusal else {
            return Self::Disconnected(error);
        };
        match name.as_str() {
            "ENOENT" => Self::NotFound,
            "EACCES" | "EPERM" | "EROFS" | "EINVAL" | "EISDIR" => Self::Denied(name.clone()),
            // The C xenstored says ENOSPC, oxenstored EQUOTA; both E2BIG for what is too long.
            "ENOSPC" | "EQUOTA" | "E2BIG" => Self::Quota(name.clone()),
            _ => Self::Transient(name.clone()),
        }
    }
}
