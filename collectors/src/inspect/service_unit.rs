//! What the service manager has of a service, by the files that it keeps: no program is run and no socket opened.
//!
//! systemd: a unit file, a link in a `.wants` directory when it is enabled, and while it is active a link
//! `/run/systemd/units/invocation:NAME` (`src/core/unit.c`, `unit_export_invocation_id`). OpenRC: links in
//! `/etc/runlevels` and `/run/openrc/started` (openrc(8)). sysv: `/etc/init.d` and `/etc/rc?.d`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::bounded_read::{entries, exists, link_target};

/// The kinds of service managers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manager {
    /// systemd.
    Systemd,
    /// OpenRC.
    OpenRc,
    /// Scripts in `/etc/init.d`.
    Sysv,
    /// rc.d(8) of the BSDs.
    RcD,
    /// None that is known.
    #[default]
    Unknown,
}

/// A service as its manager has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServiceUnit {
    /// The manager.
    pub manager: Manager,
    /// There is a unit or a script.
    pub is_installed: bool,
    /// It starts at boot; `None` where that is not known.
    pub is_enabled: Option<bool>,
    /// It must not be started.
    pub is_masked: bool,
    /// The manager takes it for running; `None` where that is not known.
    pub is_active: Option<bool>,
}

/// Where systemd has unit files; the first that is there counts.
const UNITS: [&str; 5] = [
    "etc/systemd/system",
    "run/systemd/system",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
];

/// The service of this name on the system below `root`.
#[must_use]
pub fn service_unit(root: &Path, name: &str) -> ServiceUnit {
    if exists(&root.join("run/systemd/system")) {
        systemd(root, name)
    } else if exists(&root.join("run/openrc")) {
        openrc(root, name)
    } else if exists(&root.join("etc/init.d").join(name)) {
        sysv(root, name)
    } else {
        let script = name.replace('-', "_");
        let scripts = ["etc/rc.d", "usr/local/etc/rc.d", "usr/pkg/share/examples/rc.d"];
        let is_installed = scripts.iter().any(|at| exists(&root.join(at).join(&script)));
        let manager = if is_installed { Manager::RcD } else { Manager::Unknown };
        ServiceUnit { manager, is_installed, ..ServiceUnit::default() }
    }
}

/// The first of these units that systemd has.
#[must_use]
pub fn other_unit<'a>(root: &Path, names: &[&'a str]) -> Option<&'a str> {
    let is_there = |name: &&&str| systemd(root, name).is_installed;
    names.iter().find(is_there).copied()
}

fn systemd(root: &Path, name: &str) -> ServiceUnit {
    let unit = format!("{name}.service");
    let file = UNITS.iter().map(|at| root.join(at).join(&unit)).find(|file| is_there(file));
    let is_masked =
        file.as_ref().is_some_and(|file| link_target(file) == Some(PathBuf::from("/dev/null")));
    let wants = |at: &&str| {
        let is_wanted = |entry: &fs::DirEntry| {
            let directory = entry.file_name();
            let is_list = directory.to_string_lossy().ends_with(".wants");
            is_list && is_there(&entry.path().join(&unit))
        };
        entries(&root.join(at)).any(|entry| is_wanted(&entry))
    };
    let invocation = root.join("run/systemd/units").join(format!("invocation:{unit}"));
    // systemd before 233 has no such directory.
    let has_units = exists(&root.join("run/systemd/units"));
    ServiceUnit {
        manager: Manager::Systemd,
        is_installed: file.is_some() && !is_masked,
        is_enabled: Some(UNITS.iter().any(wants)),
        is_masked,
        is_active: has_units.then(|| is_there(&invocation)),
    }
}

fn openrc(root: &Path, name: &str) -> ServiceUnit {
    let is_listed = |level: fs::DirEntry| is_there(&level.path().join(name));
    ServiceUnit {
        manager: Manager::OpenRc,
        is_installed: exists(&root.join("etc/init.d").join(name)),
        is_enabled: Some(entries(&root.join("etc/runlevels")).any(is_listed)),
        is_masked: false,
        is_active: Some(is_there(&root.join("run/openrc/started").join(name))),
    }
}

fn sysv(root: &Path, name: &str) -> ServiceUnit {
    let starts = |entry: fs::DirEntry| {
        let link = entry.file_name().to_string_lossy().into_owned();
        link.starts_with('S') && link.get(3..) == Some(name)
    };
    // The last two are OpenWrt's and Buildroot's.
    let levels =
        ["etc/rc2.d", "etc/rc3.d", "etc/rc5.d", "etc/rc.d/rc3.d", "etc/rc.d", "etc/init.d"];
    let is_enabled = levels.iter().any(|level| entries(&root.join(level)).any(starts));
    ServiceUnit {
        manager: Manager::Sysv,
        is_installed: true,
        is_enabled: Some(is_enabled),
        ..ServiceUnit::default()
    }
}

/// Whether there is a file or a link at the path, whatever the link leads to.
fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found on a system with these files; `A -> B` is a link.
    fn found(name: &str, files: &[&str]) -> ServiceUnit {
        let root = std::env::temp_dir().join(format!("xga-unit-{name}-{}", std::process::id()));
        for file in files {
            let (path, target) = file.split_once(" -> ").unwrap_or((file, ""));
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match target {
                "" => fs::write(path, "").unwrap(),
                target => std::os::unix::fs::symlink(target, path).unwrap(),
            }
        }
        let unit = service_unit(&root, "xen-guest-agent");
        fs::remove_dir_all(&root).unwrap();
        unit
    }

    fn unit(manager: Manager, is_enabled: Option<bool>, is_active: Option<bool>) -> ServiceUnit {
        ServiceUnit { manager, is_installed: true, is_enabled, is_masked: false, is_active }
    }

    #[test]
    fn systemd_unit_is_enabled_by_a_wants_link_and_active_by_its_invocation() {
        let file = "usr/lib/systemd/system/xen-guest-agent.service";
        let mut files = vec!["run/systemd/system/x", "run/systemd/units/x", file];
        let expected = |enabled, active| unit(Manager::Systemd, Some(enabled), Some(active));
        assert_eq!(found("a", &files), expected(false, false));
        files.push("etc/systemd/system/multi-user.target.wants/xen-guest-agent.service -> /x");
        assert_eq!(found("b", &files), expected(true, false));
        files.push("run/systemd/units/invocation:xen-guest-agent.service -> 0123");
        assert_eq!(found("c", &files), expected(true, true));
        // systemd before 233 does not say whether it is active.
        let old = found("d", &["run/systemd/system/x", file]);
        assert_eq!(old, unit(Manager::Systemd, Some(false), None));
        let masked = "etc/systemd/system/xen-guest-agent.service -> /dev/null";
        let masked = found("e", &["run/systemd/system/x", file, masked]);
        assert!(masked.is_masked && !masked.is_installed);
    }

    #[test]
    fn openrc_and_sysv_services_are_enabled_by_links_of_their_runlevels() {
        let script = "etc/init.d/xen-guest-agent";
        let (level, started) =
            ("etc/runlevels/default/xen-guest-agent -> /x", "run/openrc/started/");
        let started = format!("{started}xen-guest-agent -> /x");
        let expected = |enabled, active| unit(Manager::OpenRc, Some(enabled), Some(active));
        assert_eq!(found("f", &["run/openrc/x", script]), expected(false, false));
        let all = ["run/openrc/x", script, level, &started];
        assert_eq!(found("g", &all), expected(true, true));
        let link = "etc/rc2.d/S20xen-guest-agent -> ../init.d/xen-guest-agent";
        assert_eq!(found("h", &[script]), unit(Manager::Sysv, Some(false), None));
        assert_eq!(found("i", &[script, link]), unit(Manager::Sysv, Some(true), None));
        // OpenWrt's and Buildroot's links.
        for (name, link) in [("l", "etc/rc.d/S60"), ("m", "etc/init.d/S60")] {
            let link = format!("{link}xen-guest-agent -> ../init.d/xen-guest-agent");
            assert_eq!(found(name, &[script, &link]), unit(Manager::Sysv, Some(true), None));
        }
    }

    #[test]
    fn rc_d_script_is_installed_and_nothing_is_not() {
        let script = "usr/local/etc/rc.d/xen_guest_agent";
        assert_eq!(found("j", &[script]), unit(Manager::RcD, None, None));
        assert_eq!(found("k", &["etc/passwd"]), ServiceUnit::default());
    }
}
