//! The host's xenstore as a store.

use std::cell::RefCell;
use std::io;

use xenstore::{Connection, Request, without_nul};
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

    fn request(&self, request: Request, path: &str, value: &[u8]) -> io::Result<Vec<u8>> {
        self.0.borrow_mut().request(request, path, value)
    }
}

impl Store for Xenstore {}

impl Xs for Xenstore {
    fn directory(&self, path: &str) -> io::Result<Vec<Box<str>>> {
        let payload = self.request(Request::Directory, path, &[])?;
        let names = payload.split(|&byte| byte == 0).filter(|name| !name.is_empty());
        Ok(names.map(text).collect())
    }

    fn read(&self, path: &str) -> io::Result<Box<str>> {
        let payload = self.request(Request::Read, path, &[])?;
        Ok(text(without_nul(&payload)))
    }

    fn write(&self, path: &str, data: &str) -> io::Result<()> {
        self.request(Request::Write, path, data.as_bytes()).map(drop)
    }

    fn rm(&self, path: &str) -> io::Result<()> {
        self.request(Request::Rm, path, &[]).map(drop)
    }
}

/// A value that is not UTF-8 was not written by an agent. Its replacement characters make it differ, so it is
/// overwritten or removed.
fn text(payload: &[u8]) -> Box<str> {
    String::from_utf8_lossy(payload).into()
}
