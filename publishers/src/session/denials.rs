//! The changes that xenstored did not make: paths that are not tried again for a while, and what was logged.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::{Duration, Instant};

use log::{info, warn};
use xenstore::Error;

use crate::keys::root_of;

/// The time between two tries of a denied change. The try is made with the next batch, so a change that is
/// never allowed costs next to nothing.
const RETRY_INTERVAL: Duration = Duration::from_secs(600);

/// The present denials.
#[derive(Debug, Default)]
pub(super) struct Denials {
    /// Whether the host forbids the change; otherwise it failed for another reason.
    paths: BTreeMap<String, bool>,
    /// The path for which a denial was logged, by its root: one line for all addresses.
    logged: BTreeMap<&'static str, String>,
    /// When to try again.
    retry: Option<Instant>,
}

impl Denials {
    /// Records that xenstored denied a change at a path.
    pub(super) fn add(&mut self, path: &str, failure: &Error) {
        if let Some(Entry::Vacant(logged)) = root_of(path).map(|root| self.logged.entry(root.path))
        {
            warn!(
                "{path}: denied by xenstored ({failure}); skipped, retried after 10 minutes or on SIGHUP"
            );
            logged.insert(path.to_owned());
        }
        self.paths.insert(path.to_owned(), matches!(failure, Error::Denied(_)));
        self.retry_later();
    }

    /// Makes [`Denials::is_due`] true in ten minutes, or earlier if that is set already.
    pub(super) fn retry_later(&mut self) {
        self.retry.get_or_insert_with(|| Instant::now() + RETRY_INTERVAL);
    }

    /// Records that xenstored made a change at a path.
    pub(super) fn allowed(&mut self, path: &str) {
        let root = root_of(path).map_or("", |root| root.path);
        if self.logged.get(root).is_some_and(|logged| logged == path) {
            self.logged.remove(root);
            info!("{path}: no longer denied by xenstored");
        }
    }

    /// Whether a change at this path was denied.
    pub(super) fn blocks(&self, path: &str) -> bool {
        self.paths.contains_key(path)
    }

    /// The denied paths.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.keys().map(String::as_str)
    }

    /// Whether a change failed that the host does not forbid.
    pub(super) fn has_failures(&self) -> bool {
        self.paths.values().any(|is_forbidden| !is_forbidden)
    }

    /// Forgets what was denied.
    pub(super) fn clear(&mut self) {
        self.paths.clear();
        self.retry = None;
    }

    /// Forgets it if ten minutes are over; whether they are.
    pub(super) fn clear_if_old(&mut self) -> bool {
        let is_due = self.is_due();
        if is_due {
            self.clear();
        }
        is_due
    }

    /// Whether ten minutes are over since the first denial.
    pub(super) fn is_due(&self) -> bool {
        self.retry.is_some_and(|at| at <= Instant::now())
    }
}
