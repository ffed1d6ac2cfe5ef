//! The stores to which keys are written.
//!
//! The interface is `xenstore_rs::Xs`: read, write, rm, directory. If xenstored rejects a request, the error
//! contains a `xenstore::Error`. After any other error the connection cannot be used any more.

#[cfg(test)]
pub mod fake;
mod stdout;
mod xenstore;

use std::io;

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
