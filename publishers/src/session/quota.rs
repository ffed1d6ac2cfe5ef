//! The limit of our nodes.
//!
//! Network and disk frontends use nodes of the same quota of the guest. If the agent used the last node, a NIC
//! or disk that is plugged in would fail. So the agent has at most [`MAX_NODES`] nodes. If xenstored denies a
//! node earlier, the agent removes keys until [`RESERVE`] nodes are free.

use std::io;
use std::time::{Duration, Instant};

use log::{info, warn};

use super::Session;
use crate::key_tree::Tree;
use crate::priority::{CORE_PRIORITY, KeyPriorities};
use crate::schema::Schema;
use crate::selection::{count_nodes, select};

/// The largest number of our nodes.
pub const MAX_NODES: usize = 700;

/// Nodes that stay free for other programs when the guest's quota is reached.
pub const RESERVE: usize = 64;

/// Nodes that stay in any case: `attr/PVAddons` with its five keys, and `data/updated`. Without them hosts
/// would assume that the guest has no PV drivers and is still booting.
const CORE: usize = 7;

/// The time between two tries to publish the keys that were left out.
const QUOTA_RETRY_INTERVAL: Duration = Duration::from_secs(600);

/// Why wanted keys are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LeftOut {
    Nothing,
    /// The agent's own limits.
    OverLimit,
    /// The quota of xenstored.
    OverQuota,
}

/// The present limit.
#[derive(Debug)]
pub(super) struct Quota {
    limit: usize,
    /// Keys of an earlier agent were read back. It may have left out others.
    is_adopted: bool,
    /// When to try again, if xenstored has denied a node.
    retry: Option<Instant>,
    left_out: LeftOut,
}

impl Default for Quota {
    fn default() -> Self {
        Self { limit: MAX_NODES, is_adopted: false, retry: None, left_out: LeftOut::Nothing }
    }
}

impl Quota {
    /// Forgets that xenstored denied a node.
    fn reset(&mut self) {
        (self.limit, self.retry) = (MAX_NODES, None);
    }

    /// The present limit of our nodes.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// The keys of `wanted` that may be published now. With `reserved`, one node is kept free for a key that is
    /// not in `wanted`.
    pub(super) fn select(&self, wanted: &Tree, published: &Tree, reserved: bool) -> Tree {
        select(wanted, published, self.limit.saturating_sub(reserved.into()))
    }

    /// Whether it is time to try the keys that were left out.
    pub(super) fn is_due(&self) -> bool {
        self.retry.is_some_and(|at| at <= Instant::now())
    }

    /// Lowers the limit, because xenstored denied a node while we had `owned`. The limit becomes lower each time,
    /// by the reserve also if the host denies removals, down to 0, at which no node is created; false if it
    /// was 0 before.
    pub(super) fn lower(&mut self, owned: usize, why: &str) -> bool {
        let was_positive = self.limit > 0;
        let ours = owned.min(self.limit);
        let target = ours.saturating_sub(RESERVE).max(ours.min(CORE));
        self.limit = target.min(self.limit.saturating_sub(1));
        self.retry = Some(Instant::now() + QUOTA_RETRY_INTERVAL);
        if std::mem::replace(&mut self.left_out, LeftOut::OverQuota) != LeftOut::OverQuota {
            warn!(
                "xenstore quota reached ({why}); low-priority keys are left out, next try in 10 minutes"
            );
        }
        was_positive
    }

    /// Records whether all wanted keys could be published; true if none waits for the quota.
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
    /// When to try the keys again that the quota left out.
    pub fn quota_retry(&self) -> Option<Instant> {
        self.quota.retry
    }

    /// Makes the next batch try the keys that the quota left out: xenstored may be a new one, or an
    /// administrator may have removed keys.
    pub fn hasten_quota_retry(&mut self) {
        self.quota.retry = self.quota.retry.map(|_| Instant::now());
    }

    /// Tries whether more than the reserve is free.
    pub(super) fn retry_quota(&mut self) -> io::Result<()> {
        self.quota.is_adopted = false;
        match self.is_free(RESERVE + 1, "")? {
            Some(true) => self.quota.reset(),
            _ => self.quota.retry = Some(Instant::now() + QUOTA_RETRY_INTERVAL),
        }
        Ok(())
    }

    /// Notes that keys were read back.
    pub(super) fn adopt_quota(&mut self) {
        self.quota.is_adopted = count_nodes(&[&self.published]) > 0;
    }

    /// If an earlier agent may have left out some of the `selected` keys because of the quota, tries whether nodes
    /// are free: otherwise keys would be written up to the quota, and removed again. At the quota an agent leaves
    /// out more nodes than the reserve, or has the core only. If xenstored denies the try by its quota, the number of
    /// nodes that were published is the limit.
    pub(super) fn try_adopted_quota(&mut self, selected: &Tree, schema: Schema) -> io::Result<()> {
        // The schema of `--withdraw` has no core.
        let is_withdrawal = schema == Schema::Withdrawn;
        if !self.quota.is_adopted || is_withdrawal || !self.has_core(selected, schema) {
            return Ok(());
        }
        let owned = count_nodes(&[&self.published]);
        let missing = count_nodes(&[&self.published, selected]) - owned;
        if missing <= RESERVE && (missing == 0 || owned > CORE) {
            return Ok(());
        }
        self.quota.is_adopted = false;
        match self.is_free(RESERVE + 1, "")? {
            Some(true) => self.quota.reset(),
            Some(false) => {
                self.quota.retry = Some(Instant::now() + QUOTA_RETRY_INTERVAL);
                // Without the nodes of a try, which is_free has removed.
                self.quota.limit = count_nodes(&[&self.published]).min(MAX_NODES);
            }
            None => {}
        }
        Ok(())
    }

    /// Whether an earlier agent has published the core, so that it has ended a batch.
    fn has_core(&self, selected: &Tree, schema: Schema) -> bool {
        let priorities = KeyPriorities::of(selected);
        let core = selected.iter().map(|(path, _)| path.as_str());
        let mut core = core
            .filter(|path| priorities.priority(path) == CORE_PRIORITY)
            .chain(schema.updated_key());
        core.all(|path| self.published.get(path).is_some())
    }
}
