//! Systems whose disks cannot be read yet: logs this and sends nothing.

use std::path::Path;
use std::time::Duration;

use facts::Outbox;
use log::warn;

use crate::poll::{WakeReason, WakeReceiver};

/// Sends nothing, until the end.
pub fn run(wake: &WakeReceiver, _outbox: &Outbox, _root: &Path, _interval: Duration) {
    warn!("disks: volumes cannot be read on this system yet; none will be published");
    while wake.wait(&[], None) != WakeReason::Shutdown {}
}
