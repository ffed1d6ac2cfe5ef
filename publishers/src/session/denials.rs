//! The requests that xenstored denied: paths that are not tried again for a while, and what was logged.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use log::{info, warn};

use crate::key_tree::{Tree, is_within};
use crate::schema::{nic_of, reported_as, root_of};

/// The time between two tries of a denied request. The try is made with the next batch, so a request that is
/// never allowed costs next to nothing.
const RETRY_INTERVAL: Duration = Duration::from_secs(600);

/// What was denied at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// This key only.
    Key,
    /// This node, and so all keys below it.
    Node,
}

/// The present denials.
#[derive(Debug, Default)]
pub(super) struct Denials {
    paths: BTreeMap<String, Denied>,
    /// The paths for which a denial was logged.
    logged: BTreeMap<String, Denied>,
    /// When to try denied requests again.
    retry: Option<Instant>,
}

impl Denials {
    /// Notes that xenstored denied a path, and logs it once.
    pub(super) fn add(&mut self, path: &str, denied: Denied, why: &str) {
        let reported = match denied {
            Denied::Key => reported_as(path),
            Denied::Node => path,
        };
        if self.logged.insert(reported.to_owned(), denied).is_none() {
            warn!(
                "{reported}: denied by xenstored ({why}); skipped, retried after 10 minutes or on SIGHUP"
            );
        }
        self.paths.insert(path.to_owned(), denied);
        self.retry_later();
    }

    /// Notes that xenstored made a change at a path.
    pub(super) fn allowed(&mut self, path: &str) {
        let logged = self.logged.iter().find(|(node, denied)| match denied {
            Denied::Key => node.as_str() == reported_as(path),
            Denied::Node => is_within(path, node),
        });
        if let Some(node) = logged.map(|(node, _)| node.clone()) {
            info!("{node}: no longer denied by xenstored");
            self.logged.remove(&node);
        }
    }

    /// Whether a change at this path was denied.
    pub(super) fn holds(&self, path: &str) -> bool {
        let mut ends = path.match_indices('/').map(|(at, _)| at);
        let is_denied = |end: usize| {
            path.get(..end).and_then(|node| self.paths.get(node)) == Some(&Denied::Node)
        };
        self.paths.contains_key(path) || ends.any(is_denied)
    }

    /// Forgets what was denied.
    pub(super) fn clear(&mut self) {
        self.paths.clear();
        self.retry = None;
    }

    /// Makes [`Denials::is_due`] true in ten minutes, or earlier if that is set already.
    pub(super) fn retry_later(&mut self) {
        self.retry.get_or_insert_with(|| Instant::now() + RETRY_INTERVAL);
    }

    /// Whether it is time to try denied requests again.
    pub(super) fn is_due(&self) -> bool {
        self.retry.is_some_and(|at| at <= Instant::now())
    }

    /// How many paths are denied.
    pub(super) fn count(&self) -> usize {
        self.paths.len()
    }

    /// How many paths are denied, and of how many that was logged.
    #[cfg(test)]
    pub(super) fn len(&self) -> (usize, usize) {
        (self.paths.len(), self.logged.len())
    }

    /// Forgets denied paths that are not wanted and not published any more: with temporary addresses the lists
    /// would grow for ever. A list of a NIC's addresses that was logged is kept as long as the NIC exists: there
    /// are few such lists, and one may be empty between two addresses.
    pub(super) fn forget(&mut self, wanted: &Tree, published: &Tree, updated_key: Option<&str>) {
        let matters = |path: &str| {
            wanted.has_subtree(path)
                || published.has_subtree(path)
                || updated_key == Some(path)
                || root_of(path).is_some_and(|root| root.is_shared() && root.path == path)
        };
        self.paths.retain(|path, _| matters(path));
        let is_of_a_nic = |path: &str| nic_of(path).is_some_and(|nic| wanted.has_subtree(nic));
        self.logged.retain(|path, _| matters(path) || is_of_a_nic(path));
    }
}
