//! How many nodes of the store may be ours.
//!
//! Network and disk frontends write their rings under the same quota of the guest. An agent that takes the
//! last node makes a NIC or disk fail that is plugged in. So the agent never owns more than
//! [`MAX_NODES`]; and where xenstored denies a node earlier, it removes keys until [`RESERVE`] nodes are free.

use std::io;
use std::time::{Duration, Instant};

use log::{debug, info, warn};

use super::Session;
use crate::key_tree::Tree;
use crate::schema::QUOTA_PROBE;
use crate::selection::select;
use crate::store::Failure;

/// The most nodes that may be ours.
pub const MAX_NODES: usize = 700;

/// Nodes that are left to others where the guest's quota is reached.
const RESERVE: usize = 64;

/// Nodes that stay ours however full the store is: `attr/PVAddons` with its five keys, and `data/updated`.
/// Without them hosts would conclude that the guest has no PV drivers and is still booting.
const CORE: usize = 7;

/// The time between two tries to publish what the quota left out.
const QUOTA_RETRY_INTERVAL: Duration = Duration::from_secs(600);

/// What is left out of what is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LeftOut {
    Nothing,
    /// What exceeds the agent's own limits.
    OverLimit,
    /// What exceeds the quota that xenstored enforces.
    OverQuota,
}

/// The present limit.
#[derive(Debug)]
pub(super) struct Quota {
    limit: usize,
    /// When to try again; only where xenstored has denied a node.
    retry: Option<Instant>,
    left_out: LeftOut,
}

impl Default for Quota {
    fn default() -> Self {
        Self { limit: MAX_NODES, retry: None, left_out: LeftOut::Nothing }
    }
}

impl Quota {
    /// Forgets what xenstored denied.
    fn reset(&mut self) {
        (self.limit, self.retry) = (MAX_NODES, None);
    }

    /// The most nodes that may be ours now.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// The keys of `wanted` that may be published now. Where `reserved`, one node is kept for a key that is
    /// not among them.
    pub(super) fn select(&self, wanted: &Tree, published: &Tree, reserved: bool) -> Tree {
        select(wanted, published, self.limit.saturating_sub(reserved.into()))
    }

    /// Whether it is time to try again what the quota left out.
    pub(super) fn is_due(&self) -> bool {
        self.retry.is_some_and(|at| at <= Instant::now())
    }

    /// Lowers the limit, because xenstored denied a node while `owned` were ours. The limit falls each time,
    /// down to 0, where nothing is created any more; false if it was that already.
    pub(super) fn lower(&mut self, owned: usize, why: &str) -> bool {
        let was_positive = self.limit > 0;
        let target = owned.saturating_sub(RESERVE).max(owned.min(CORE));
        self.limit = target.min(self.limit.saturating_sub(1));
        self.retry = Some(Instant::now() + QUOTA_RETRY_INTERVAL);
        if std::mem::replace(&mut self.left_out, LeftOut::OverQuota) != LeftOut::OverQuota {
            warn!(
                "xenstore quota reached ({why}); low-priority keys are left out, next try in 10 minutes"
            );
        }
        was_positive
    }

    /// Notes whether everything that is wanted could be published; true if nothing waits for the quota.
    pub(super) fn note(&mut self, is_everything: bool) -> bool {
        let left_out = match (is_everything, self.retry) {
            (true, _) => LeftOut::Nothing,
            (false, None) => LeftOut::OverLimit,
            (false, Some(_)) => LeftOut::OverQuota,
        };
        match (std::mem::replace(&mut self.left_out, left_out), left_out) {
            (LeftOut::Nothing, LeftOut::OverLimit) => {
                info!("more than {MAX_NODES} nodes to publish; low-priority keys are left out");
            }
            (LeftOut::Nothing | LeftOut::OverLimit, LeftOut::OverQuota) => {
                warn!(
                    "xenstore quota reached earlier; low-priority keys are left out, next try within 10 minutes"
                );
            }
            (LeftOut::OverQuota, LeftOut::Nothing | LeftOut::OverLimit) => {
                info!("xenstore quota no longer reached");
            }
            _ => {}
        }
        left_out != LeftOut::OverQuota
    }
}

impl Session {
    /// When to try again to publish what the quota left out.
    pub fn quota_retry(&self) -> Option<Instant> {
        self.quota.retry
    }

    /// Has the next batch try what the quota left out: this may be another store, or an administrator made
    /// space.
    pub fn hasten_quota_retry(&mut self) {
        self.quota.retry = self.quota.retry.map(|_| Instant::now());
    }

    /// Finds out whether more than the reserve is free: by one request that creates a chain of so many nodes
    /// where no toolstack has a watch, and one that removes it.
    pub(super) fn retry_quota(&mut self) -> io::Result<()> {
        let chain = QUOTA_PROBE.to_owned() + &"/n".repeat(RESERVE);
        let created = self.store.write(&chain, "").map_err(Failure::from);
        debug!("quota probe: {created:?}");
        // oxenstored leaves a part of a chain that did not fit.
        match self.store.rm(QUOTA_PROBE).map_err(Failure::from) {
            Ok(()) | Err(Failure::NotFound) => {}
            Err(Failure::Disconnected(error)) => return Err(error),
            Err(_) => self.published.set_raw(QUOTA_PROBE, String::new()),
        }
        match created {
            Ok(()) => self.quota.reset(),
            Err(Failure::Disconnected(error)) => return Err(error),
            Err(_) => self.quota.retry = Some(Instant::now() + QUOTA_RETRY_INTERVAL),
        }
        Ok(())
    }
}
