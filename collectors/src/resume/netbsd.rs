//! NetBSD has no watches: the keys are read every minute.
//!
//! This thread opens a connection each time and closes it: the kernel keeps the state of a connection per
//! thread. poll(2) always reports a connection as readable, so the thread does not wait for it.

use std::time::Duration;

use facts::{Event, Outbox};
use log::info;
use xenstore::Connection;

use super::looking::Seen;
use crate::failure_log::FailureLog;
use crate::poll::{WakeReason, WakeReceiver};

/// Delay between two reads.
const INTERVAL: Duration = Duration::from_secs(60);

/// Sends [`Event::ReadBack`] when the tree was made again, until shutdown.
pub fn run(wake: &WakeReceiver, outbox: &Outbox) {
    let mut failures = FailureLog::new("resume");
    let mut before: Option<Seen> = None;
    // The publisher waits for this event, as for a registered watch.
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
