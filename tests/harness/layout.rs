//! The tree that a toolstack makes for a new guest, with permissions: the guest may write only below the
//! nodes that it owns.

use super::wire::{INTRODUCE, Store, strings};

/// The toolstack of the guest's host.
#[derive(Clone, Copy, PartialEq)]
pub enum Layout {
    /// XCP-ng and XenServer.
    Xapi,
    /// `xl` and other toolstacks that use libxl: the guest may not write in `control`.
    Xl,
}

/// Makes the guest's tree.
pub fn lay_out(store: &mut Store, domid: u32, layout: Layout) -> Result<(), String> {
    let top = format!("/local/domain/{domid}");
    let (dom0s, guests) = (["n0".to_string(), format!("r{domid}")], [format!("n{domid}")]);
    let dom0s: Vec<&str> = dom0s.iter().map(String::as_str).collect();
    let guests: Vec<&str> = guests.iter().map(String::as_str).collect();
    store.mkdir(&top, &dom0s)?;
    for (leaf, value) in [("name", format!("guest{domid}")), ("domid", domid.to_string())] {
        store.write(&format!("{top}/{leaf}"), &value)?;
        store.set_perms(&format!("{top}/{leaf}"), &dom0s)?;
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
        store.mkdir(&format!("{top}/{node}"), &dom0s)?;
    }
    for node in open {
        store.mkdir(&format!("{top}/{node}"), &guests)?;
    }
    Ok(())
}

/// Makes the daemon accept requests of the guest.
pub fn introduce(store: &mut Store, domid: u32) -> Result<(), String> {
    // Domain, shared page, event channel. The shim ignores the last two.
    store.call(INTRODUCE, &strings(&[&domid.to_string(), "1", "5"])).map(drop)
}
