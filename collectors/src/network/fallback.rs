//! Systems whose network cannot be read yet: logs that and sends nothing.

use std::path::Path;

use facts::Outbox;
use log::warn;

use super::Exclude;
use crate::poll::{WakeReason, WakeReceiver};

/// Sends nothing, until shutdown.
pub fn run(wake: &WakeReceiver, _outbox: &Outbox, _root: &Path, _exclude: &Exclude) {
    warn!("network: not supported on this system; no addresses published");
    while wake.wait(&[], None) != WakeReason::Shutdown {}
}
