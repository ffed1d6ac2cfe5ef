//! What changed in the store and what did not: the part of a guest's vocabulary that
//! reads xenstored's trace.

use super::Guest;
use super::trace;
use super::tree::is_rfc3339_utc;
use super::{PATIENCE, TracePosition};
use std::time::Instant;

/// The address that `sync_with_agent` adds: a documentation one that no test uses.
pub const LATEST: &str = "203.0.113.1";

impl Guest {
    pub fn mark(&self) -> TracePosition {
        trace::mark(&self.run.path().join("trace"))
    }

    /// What the guest asked xenstored to change since the mark, from xenstored's trace.
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

    /// Waits until the batch that the agent writes after the mark has ended, and tells it.
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

    /// Has the agent publish one more address of `eth0`: the kernel tells things in order, so
    /// what was told before has been seen by then.
    pub fn sync_with_agent(&self) {
        self.ip(format!("addr add {LATEST}/32 dev eth0"));
        self.wait(|tree| tree.values().any(|value| value == LATEST));
    }

    /// Catches up, and checks that nothing was written since the mark but for that.
    pub fn assert_quiet_since(&self, mark: TracePosition) {
        self.ip(format!("addr add {LATEST}/32 dev eth0"));
        let mut changes = self.batch_since(mark);
        changes.retain(|change| !change.ends_with(LATEST) && !change.ends_with("/prefix = 32"));
        assert_eq!(changes, ["write data/updated"]);
    }
}
