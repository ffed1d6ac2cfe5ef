//! Systems whose network cannot be read yet: logs that and sends nothing.

use std::io;
use std::path::Path;

use facts::Outbox;
use log::warn;

use super::Exclude;
use super::link_table::Table;
use crate::poll::{WakeReason, WakeReceiver};

/// Sends nothing, until shutdown.
pub fn run(wake: &WakeReceiver, _outbox: &Outbox, _root: &Path, _exclude: &Exclude) {
    warn!("network: not supported on this system; no addresses published");
    while wake.wait(&[], None) != WakeReason::Shutdown {}
}

/// Fails.
///
/// # Errors
/// Always.
pub fn read_table(_root: &Path) -> io::Result<Table> {
    Err(io::ErrorKind::Unsupported.into())
}
