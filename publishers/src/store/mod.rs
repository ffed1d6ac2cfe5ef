//! The stores to which keys are written, and their errors.
//!
//! The interface is `xenstore_rs::Xs`: read, write, rm, directory. If xenstored rejects a request, the error
//! contains a [`XsError`]. After any other error the connection cannot be used any more.

#[cfg(test)]
pub mod fake;
mod stdout;
mod xenstore;

use std::io;

use ::xenstore::XsError;
use thiserror::Error;
use xenstore_rs::Xs;

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

    /// Whether the store can be opened again after the connection was lost.
    fn can_reconnect(&self) -> bool {
        true
    }
}

/// The kinds of errors of a store.
#[derive(Debug, Error)]
pub enum Failure {
    /// The node does not exist.
    #[error("ENOENT")]
    NotFound,
    /// Denied, or not possible at all: a repeated request would fail too.
    #[error("{0}")]
    Denied(String),
    /// A quota is reached.
    #[error("{0}")]
    Quota(String),
    /// Another error.
    #[error("{0}")]
    Transient(String),
    /// The connection is lost, or a reply is invalid.
    #[error("{0}")]
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
            // ENOSPC is of the C xenstored, EQUOTA of oxenstored. Both have E2BIG for a value that is too long.
            "ENOSPC" | "EQUOTA" | "E2BIG" => Self::Quota(name.clone()),
            _ => Self::Transient(name.clone()),
        }
    }
}

/// The store of a session between two connections. Fails each request with `NotConnected`.
#[derive(Debug)]
pub struct Closed;

impl Closed {
    fn error<T>() -> io::Result<T> {
        Err(io::ErrorKind::NotConnected.into())
    }
}

impl Store for Closed {}

impl Xs for Closed {
    fn directory(&self, _path: &str) -> io::Result<Vec<Box<str>>> {
        Self::error()
    }

    fn read(&self, _path: &str) -> io::Result<Box<str>> {
        Self::error()
    }

    fn write(&self, _path: &str, _data: &str) -> io::Result<()> {
        Self::error()
    }

    fn rm(&self, _path: &str) -> io::Result<()> {
        Self::error()
    }
}
