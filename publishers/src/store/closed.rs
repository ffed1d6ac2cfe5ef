//! The store of a session between two connections.

use std::io;

use xenstore_rs::Xs;

use super::Store;

/// Fails each request with `NotConnected`.
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
