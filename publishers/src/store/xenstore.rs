//! The host's xenstore as a store.

use std::cell::RefCell;
use std::io;

use xenstore::{Connection, Request};
use xenstore_rs::Xs;

use super::Store;

/// A connection to the host's xenstore.
pub struct Xenstore(RefCell<Connection>);

impl Xenstore {
    /// Connects.
    ///
    /// # Errors
    /// As for [`Connection::open`].
    pub fn open() -> io::Result<Self> {
        Connection::open().map(RefCell::new).map(Self)
    }
}

impl Store for Xenstore {}

/// A value that is not UTF-8 was not written by an agent. Its replacement characters make it differ, so it is
/// overwritten or removed.
impl Xs for Xenstore {
    fn directory(&self, path: &str) -> io::Result<Vec<Box<str>>> {
        let names = self.0.borrow_mut().list(path)?;
        Ok(names.into_iter().map(Into::into).collect())
    }

    fn read(&self, path: &str) -> io::Result<Box<str>> {
        Ok(self.0.borrow_mut().read(path)?.into())
    }

    fn write(&self, path: &str, data: &str) -> io::Result<()> {
        self.0.borrow_mut().request(Request::Write, path, data.as_bytes())?;
        Ok(())
    }

    fn rm(&self, path: &str) -> io::Result<()> {
        self.0.borrow_mut().request(Request::Rm, path, &[])?;
        Ok(())
    }
}
