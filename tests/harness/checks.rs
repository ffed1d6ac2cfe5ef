//! Checks of the guest's writes and removals, read off xenstored's trace.

use super::Guest;
use super::trace;
use super::tree::is_rfc3339_utc;
use super::{PATIENCE, TracePosition};
use std::time::Instant;

/// The key that is written again so that a toolstack's watch fires: once after each read back.
pub const DOORBELL: &str = "write attr/PVAddons/BuildVersion = 0";

/// The address that `sync_with_agent` adds. No other test uses it (RFC 5737).
pub const LATEST: &str = "203.0.113.1";

impl Guest {
    pub fn mark(&self) -> TracePosition {
        trace::mark(&self.run.path().join("trace"))
    }

    /// The guest's writes and removals since the mark. The time is cut off `data/updated`.
    pub fn changes_since(&self, mark: TracePosition) -> Vec<String> {
        let mut changes = trace::changes_since(&self.run.path().join("trace"), mark);
        for change in &mut changes {
            if let Some(time) = change.strip_prefix("write data/updated = ") {
                assert!(is_rfc3339_utc(time), "{change}");
                *change = "write data/updated".into();
            }
        }
        changes
    }

    /// Waits for the end of the batch that the agent writes after the mark; returns its requests.
    pub fn batch_since(&self, mark: TracePosition) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.dom0(|host| host.changes.count());
            let changes = self.changes_since(mark);
            if changes.last().is_some_and(|last| last == "write data/updated") {
                return changes;
            }
            let changed = self.dom0(|host| host.changes.wait_beyond(seen, deadline));
            assert!(changed, "no batch ended: {changes:#?}");
        }
    }

    /// Waits until the agent has handled all earlier network events: adds an address to `eth0` and waits until
    /// it is published. The kernel sends events in order.
    pub fn sync_with_agent(&self) {
        self.ip(format!("addr add {LATEST}/32 dev eth0"));
        self.wait(|tree| tree.values().any(|value| value == LATEST));
    }

    /// The guest's writes and removals since the mark, without the doorbell of a read back at their beginning.
    pub fn changes_after_doorbell(&self, mark: TracePosition) -> Vec<String> {
        let mut changes = self.changes_since(mark);
        if changes.first().is_some_and(|first| first == DOORBELL) {
            changes.remove(0);
        }
        changes
    }

    /// Runs the agent once more. Checks that it writes the doorbell and nothing else.
    pub fn assert_restart_is_quiet(&self, arguments: &[&str]) {
        let mark = self.mark();
        let end = self.run(&[&["-s", "--once"], arguments].concat());
        assert_eq!((end.code, self.changes_since(mark)), (Some(0), vec![DOORBELL.into()]));
    }

    /// The same as [`Guest::assert_quiet_since`], after a read back.
    pub fn assert_only_doorbell_since(&self, mark: TracePosition) {
        self.wait(|_| self.changes_since(mark).iter().any(|change| change == DOORBELL));
        let mark = self.mark();
        self.assert_quiet_since(mark);
    }

    /// Checks that nothing was written since the mark except for one more address, which this adds.
    pub fn assert_quiet_since(&self, mark: TracePosition) {
        self.ip(format!("addr add {LATEST}/32 dev eth0"));
        let mut changes = self.batch_since(mark);
        changes.retain(|change| !change.ends_with(LATEST) && !change.ends_with("/prefix = 32"));
        assert_eq!(changes, ["write data/updated"]);
    }
}
