//! `confinement` and `drivers`: what works with less than it could. Pure.

use collectors::inspect::XenDevice;

use super::finding::Finding;
use super::observation::Observation;

/// What the kernel lacks.
pub fn confinement(seen: &Observation) -> Vec<Finding> {
    vec![match seen.missing_confinement.as_deref() {
        None => Finding::skip("confinement", "switched off by --no-sandbox"),
        Some([]) => Finding::ok("confinement", "capabilities, Landlock and seccomp"),
        // Nothing that a person could do about it.
        Some(missing) => {
            Finding::skip("confinement", format!("without {}", missing.join(" and without ")))
        }
    }]
}

/// The drivers of what the host plugged in.
pub fn drivers(seen: &Observation) -> Vec<Finding> {
    let Some(drivers) = &seen.state.drivers else { return Vec::new() };
    if let Some(device) = seen.devices.iter().find(|device| lacks_driver(seen, device)) {
        let module = if device.kind == "vif" { "xen-netfront" } else { "xen-blkfront" };
        let message = format!("{} {} has no driver", device.kind, device.id);
        return vec![Finding::fail("drivers", message).fix(format!("modprobe {module}"))];
    }
    // Only there does the kernel show whether there is one.
    let has_sysfs = seen.xen_version.is_some();
    if has_sysfs && seen.state.memory.is_some_and(|memory| !memory.balloon) {
        let message = "no balloon driver: the host cannot change the memory of this guest";
        return vec![Finding::warn("drivers", message)];
    }
    let names: Vec<&str> = drivers.in_use.iter().map(|driver| driver.name.as_str()).collect();
    vec![match names.as_slice() {
        [] => Finding::warn("drivers", "none of Xen's drivers is in use"),
        names => Finding::ok("drivers", names.join(", ")),
    }]
}

/// Whether a driver should drive the device and none does. A CD drive of an HVM guest has none: the guest uses the
/// one that the device model emulates (`blkfront_probe` in Linux's `drivers/block/xen-blkfront.c`). Only the
/// store says which virtual disk is a CD drive.
fn lacks_driver(seen: &Observation, device: &XenDevice) -> bool {
    let may_be_cd_drive = match &seen.store {
        Ok(store) => store.cd_drives.contains(&device.id),
        Err(_) => true,
    };
    !(device.is_driven || device.kind == "vbd" && may_be_cd_drive)
}
