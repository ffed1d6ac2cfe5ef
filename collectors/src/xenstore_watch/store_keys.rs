//! Detects a resume by comparing keys, where there are no watches.

use xenstore::{Connection, Error};

/// Written by the toolstack when it makes the guest's tree; another number after a restore or a migration.
pub const DOMID: &str = "domid";
/// Written by the agent; missing after the tree was made again.
const INSTALLED: &str = "attr/PVAddons/Installed";

/// The keys that differ before and after a resume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreKeys {
    domid: Option<String>,
    installed: bool,
}

impl StoreKeys {
    /// Reads them.
    ///
    /// # Errors
    /// If the connection cannot be used any more.
    pub fn read(connection: &mut Connection) -> Result<Self, Error> {
        let mut read = |path| match connection.read(path) {
            Err(error @ Error::Lost(_)) => Err(error),
            answer => Ok(answer.ok()),
        };
        Ok(Self { domid: read(DOMID)?, installed: read(INSTALLED)?.is_some() })
    }

    /// Whether the tree was made again since `before`.
    #[must_use]
    pub fn is_another_store(&self, before: &Self) -> bool {
        self.domid != before.domid || (before.installed && !self.installed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_host::host;

    fn seen(domid: Option<&'static [u8]>, installed: Option<&'static [u8]>) -> StoreKeys {
        StoreKeys::read(&mut host(vec![(DOMID, domid), (INSTALLED, installed)])).unwrap()
    }

    #[test]
    fn another_domid_or_a_missing_key_of_ours_is_another_store() {
        let before = seen(Some(b"7"), Some(b"1"));
        assert!(!seen(Some(b"7"), Some(b"1")).is_another_store(&before));
        assert!(seen(Some(b"8"), Some(b"1")).is_another_store(&before));
        assert!(seen(Some(b"7"), None).is_another_store(&before));
        assert!(seen(None, None).is_another_store(&before));
    }

    // Neither at the start nor with a schema without this key is there a resume.
    #[test]
    fn key_that_was_never_there_is_not_missed() {
        let before = seen(Some(b"7"), None);
        assert!(!seen(Some(b"7"), None).is_another_store(&before));
        assert!(!seen(Some(b"7"), Some(b"1")).is_another_store(&before));
    }

    #[test]
    fn lost_connection_is_an_error() {
        assert!(StoreKeys::read(&mut host(vec![(DOMID, Some(b"7"))])).is_err());
    }
}
