//! The limit of our nodes: [`MAX_NODES`]. If xenstored denies a node by its quota, the limit becomes what we own
//! less [`RESERVE`], once, until a read back or a day later. A key that is denied again is left out alone.

use std::time::{Duration, Instant};

use log::{info, warn};

use crate::wanted::MAX_NODES;

/// Nodes that stay free for other programs when the guest's quota is reached.
pub const RESERVE: usize = 64;

/// Nodes that stay in any case: `attr/PVAddons` with its five keys, and `data/updated`. Without them hosts
/// would assume that the guest has no PV drivers and is still booting.
const CORE: usize = 7;

/// The time after which the limit is [`MAX_NODES`] again.
const RETRY_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

/// The present limit.
#[derive(Debug, Default)]
pub(super) struct NodeLimit {
    /// The lowered limit, and until when.
    lowered: Option<(usize, Instant)>,
    /// It was logged that the quota is reached.
    is_logged: bool,
}

impl NodeLimit {
    /// The most nodes that we may have now.
    pub(super) fn nodes(&self) -> usize {
        self.lowered.map_or(MAX_NODES, |(nodes, _)| nodes)
    }

    /// Whether xenstored's quota has lowered it.
    pub(super) fn is_lowered(&self) -> bool {
        self.lowered.is_some()
    }

    /// Lowers the limit, because xenstored denied a node while we had `owned`; false if it is lowered already.
    pub(super) fn lower(&mut self, owned: usize, why: &str) -> bool {
        if self.is_lowered() {
            return false;
        }
        let nodes = owned.saturating_sub(RESERVE).clamp(CORE, MAX_NODES);
        self.lowered = Some((nodes, Instant::now() + RETRY_INTERVAL));
        if !std::mem::replace(&mut self.is_logged, true) {
            warn!(
                "xenstore quota reached ({why}); low-priority keys are left out for 24 hours or until SIGHUP"
            );
        }
        true
    }

    /// Makes it [`MAX_NODES`] again.
    pub(super) fn reset(&mut self) {
        self.lowered = None;
    }

    /// The same, a day after it was lowered; whether it was.
    pub(super) fn reset_if_old(&mut self) -> bool {
        self.lowered.take_if(|(_, until)| *until <= Instant::now()).is_some()
    }

    /// Logs that a batch has not reached the quota any more.
    pub(super) fn batch_done(&mut self) {
        if !self.is_lowered() && std::mem::take(&mut self.is_logged) {
            info!("xenstore quota no longer reached");
        }
    }
}
