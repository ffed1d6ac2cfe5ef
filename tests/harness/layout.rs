//! What a host's toolstack leaves in the store for a new guest, with its owners: only
//! there may the guest write.

use super::wire::{INTRODUCE, Store, strings};

/// Whose host the guest runs on.
#[derive(Clone, Copy, PartialEq)]
pub enum Layout {
    /// XCP-ng and XenServer.
    Xapi,
    /// `xl`, and all else that is built on libxl: `control` is the host's.
    Xl,
}

/// Lays the guest's tree out.
pub fn lay_out(store: &mut Store, domid: u32, layout: Layout) -> Result<(), String> {
    let top = format!("/local/domain/{domid}");
    let (mine, guests) = (["n0".to_string(), format!("r{domid}")], [format!("n{domid}")]);
    let mine: Vec<&str> = mine.iter().map(String::as_str).collect();
    let guests: Vec<&str> = guests.iter().map(String::as_str).collect();
    store.mkdir(&top, &mine)?;
    for (leaf, value) in [("name", format!("guest{domid}")), ("domid", domid.to_string())] {
        store.write(&format!("{top}/{leaf}"), &value)?;
        store.set_perms(&format!("{top}/{leaf}"), &mine)?;
    }
    let (hosts, open): (&[&str], &[&str]) = match layout {
        Layout::Xapi => (
            &["cpu", "memory", "xenserver"],
            &[
                "device",
                "device/vbd",
                "device/vif",
                "feature",
                "error",
                "drivers",
                "control",
                "attr",
                "xenserver/attr",
                "data",
                "messages",
                "vm-data",
                "hvmloader",
                "rrd",
            ],
        ),
        Layout::Xl => (
            &["cpu", "memory", "device", "control"],
            &[
                "control/shutdown",
                "control/feature-poweroff",
                "control/feature-reboot",
                "control/feature-suspend",
                "control/sysrq",
                "data",
                "drivers",
                "feature",
                "attr",
                "error",
            ],
        ),
    };
    for node in hosts {
        store.mkdir(&format!("{top}/{node}"), &mine)?;
    }
    for node in open {
        store.mkdir(&format!("{top}/{node}"), &guests)?;
    }
    Ok(())
}

/// Has the daemon talk to the guest.
pub fn introduce(store: &mut Store, domid: u32) -> Result<(), String> {
    // Domain, shared page, event channel: the last two are the shim's to ignore.
    store.call(INTRODUCE, &strings(&[&domid.to_string(), "1", "5"])).map(drop)
}
