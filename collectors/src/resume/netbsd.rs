//! NetBSD has no watches: the store is looked at every minute.
//!
//! On this thread, by a connection that is closed again: the kernel keeps the state of a connection with
//! the thread. poll(2) on one always says that there is something to read, so it is never waited for.

use std::time::Duration;

use facts::{Event, Outbox};
use log::info;
use xenstore::Connection;

use super::looking::Seen;
use crate::failure_log::FailureLog;
use crate::poll::{WakeReason, WakeReceiver};

/// Delay between two looks.
const INTERVAL: Duration = Duration::from_secs(60);

/// Sends [`Event::ReadBack`] when the tree was recreated, until the end.
pub fn run(wake: &WakeReceiver, outbox: &Outbox) {
    let mut failures = FailureLog::new("resume");
    let mut before: Option<Seen> = None;
    // As from a watch that stands: the publisher waits for it.
    outbox.send(Event::ReadBack);
    loop {
        let seen = Connection::open().and_then(|mut connection| Seen::read(&mut connection));
        if let Some(seen) = failures.record(seen) {
            if before.as_ref().is_some_and(|before| seen.is_another_store(before)) {
                info!("resume detected: reading xenstore back, publishing everything again");
                outbox.send(Event::ReadBack);
            }
            before = Some(seen);
        }
        if wake.wait(&[], Some(INTERVAL)) == WakeReason::Shutdown {
            return;
        }
    }
}
