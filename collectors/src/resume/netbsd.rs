//! NetBSD has no watches: the keys are read every minute.
//!
//! The connection is kept: when it is closed while another thread has one, the kernel does not free its 8 KiB
//! (`sys/arch/xen/xenbus/xenbus_dev.c`, `xenbus_dev_close`). poll(2) always reports it as readable, so the
//! thread does not wait for it.

use std::io;
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
    let mut connection = None;
    // The publisher waits for this event, as for a registered watch.
    outbox.send(Event::ReadBack);
    loop {
        if let Some(seen) = failures.record(read(&mut connection)) {
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

/// Reads the keys by the connection, or by a new one after a failure.
fn read(kept: &mut Option<Connection>) -> io::Result<Seen> {
    let mut connection = kept.take().map_or_else(Connection::open, Ok)?;
    let seen = Seen::read(&mut connection)?;
    *kept = Some(connection);
    Ok(seen)
}
