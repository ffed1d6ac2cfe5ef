//! Capabilities: the thread keeps at most one and cannot get others.

use std::io;

use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, remove_capability_from_bounding_set,
    set_capabilities,
};

/// Needed to open the path of a file system below a directory that other users cannot enter, such as
/// `/var/lib/pgsql`.
const KEPT: CapabilitySet = CapabilitySet::DAC_READ_SEARCH;

/// Drops all capabilities but [`KEPT`].
///
/// # Errors
/// Those of capget(2) and capset(2).
pub fn restrict() -> io::Result<()> {
    for capability in (CapabilitySet::all() - KEPT).iter() {
        // Older kernels do not have all numbers. Without `CAP_SETPCAP` the bounding set does not matter, since
        // `PR_SET_NO_NEW_PRIVS` is set.
        let _ = remove_capability_from_bounding_set(capability);
    }
    let has = capabilities(None)?;
    let kept = has.permitted & KEPT;
    let inheritable = CapabilitySet::empty();
    let kept = CapabilitySets { effective: kept, permitted: kept, inheritable };
    // The systemd unit leaves only this one and forbids capset(2).
    if kept != has {
        set_capabilities(None, kept)?;
    }
    Ok(())
}
