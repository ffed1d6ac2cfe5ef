//! The table of keys: which keys agents write, which source each has, and how hosts learn of a change. A new
//! fact needs a row here. No I/O.
//!
//! The rows are those of Xen's `docs/misc/xenstore-paths.pandoc` and of the hosts that read them: XAPI's
//! `xapi_guest_agent.ml` and `xapi_pv_driver_version.ml`, OpenXT's xenmgr. Every run owns the rows of all
//! schemas: it removes what an agent with another schema left.

use crate::guest_state::Source;

/// A key, or a directory with its subtree, in which keys are ours.
#[derive(Debug)]
pub struct Root {
    /// The path, relative to the domain's home.
    pub path: &'static str,
    /// The source of the facts there.
    pub source: Source,
    /// When its keys are written within a batch.
    pub phase: Phase,
    /// Which keys there are ours.
    pub ownership: Ownership,
    /// The keys there.
    keys: &'static [Key],
}

/// The keys of one pattern.
#[derive(Debug)]
pub struct Key {
    /// The path below the root; empty for the root itself. `#` is a decimal number, `*` the rest of any name.
    pattern: &'static str,
    /// Its priority when not all keys can be published.
    pub priority: Priority,
    /// It changes all the time: a change does not update `data/updated`.
    pub is_sample: bool,
}

/// The order of writing within a batch. xenopsd watches `attr`, `control`, `feature`, `xenserver/attr` and
/// `data/service`, but neither `drivers` nor the rest of `data`. It reads these when a watch fires, so they are
/// written before the watched keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Unwatched, and hosts need not read a change at once: squeezed watches `data/meminfo_free` itself, and
    /// volumes are read on demand.
    Quiet,
    /// Unwatched, and hosts should read a change at once: it needs the doorbell.
    Data,
    /// The first of the watched keys.
    Service,
    /// Watched.
    Feature,
    /// Watched.
    Control,
    /// Watched; XAPI takes the first network keys for all of them.
    Attr,
}

/// The priority of a key, the highest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Without these keys hosts would assume that the guest has no PV drivers or is still booting.
    Core,
    /// The operating system and its names.
    Os,
    /// An address. All but the one with the lowest index in a directory become [`Priority::OtherAddress`].
    FirstAddress,
    /// The memory.
    Memory,
    /// What no other priority names.
    Rest,
    /// An address that hosts do not show first.
    OtherAddress,
    /// A volume.
    Volume,
    /// The label of a volume.
    VolumeLabel,
}

/// Which of the keys below a root are ours. The agent does not change or remove others.
#[derive(Clone, Copy, Debug)]
pub enum Ownership {
    /// All of them, and the root itself.
    Subtree,
    /// The root is the toolstack's directory. The keys whose value begins with one of these are ours.
    Values(&'static [&'static str]),
    /// The root is the toolstack's directory. The keys in the table are ours, below children with this prefix.
    Children(&'static str),
}

/// The vendors with which our lines in `drivers` begin. Other programs write the lines of other vendors.
pub const DRIVER_VENDORS: [&str; 3] = ["Linux ", "FreeBSD ", "NetBSD "];

/// The time of the last batch. squeezed takes a guest with this key for booted.
pub const UPDATED: &str = "data/updated";
/// Hosts watch this key and read all keys of the guest when it is written.
pub const DOORBELL: &str = "attr/PVAddons/BuildVersion";
/// Written by `--withdraw`; never wanted while an agent runs.
pub const UNINSTALLED: &str = "attr/PVAddonsUninstalled";
/// The directory of VIFs.
pub const VIFS: &str = "attr/vif";
/// The directory of SR-IOV virtual functions.
pub const SRIOV_VFS: &str = "xenserver/attr/net-sriov-vf";
/// The directory of volumes.
pub const VOLUMES: &str = "data/volumes";
/// The directory of NICs in schema `rfc`.
pub const NICS: &str = "data/net";

/// All roots, of all schemas.
pub const ROOTS: &[Root] = &[
    root("attr/PVAddons", Source::Agent, Phase::Attr, &[key("*", Priority::Core)]),
    root(UNINSTALLED, Source::Agent, Phase::Attr, &[key("", Priority::Core)]),
    root(UPDATED, Source::Agent, Phase::Quiet, &[key("", Priority::Core)]),
    root(
        VIFS,
        Source::Network,
        Phase::Attr,
        &[
            key("#/name", Priority::Rest),
            key("#/mac/0", Priority::Rest),
            key("#/ipv4/#", Priority::FirstAddress),
            key("#/ipv4/#/prefix", Priority::FirstAddress),
            key("#/ipv6/#", Priority::FirstAddress),
            key("#/ipv6/#/prefix", Priority::FirstAddress),
        ],
    ),
    root(
        SRIOV_VFS,
        Source::Sriov,
        Phase::Attr,
        &[key("#/ipv4/#", Priority::FirstAddress), key("#/ipv6/#", Priority::FirstAddress)],
    ),
    root("control/feature-balloon", Source::Memory, Phase::Control, &[key("", Priority::Memory)]),
    root("data/meminfo_total", Source::Memory, Phase::Quiet, &[sample("", Priority::Memory)]),
    root("data/meminfo_free", Source::Memory, Phase::Quiet, &[sample("", Priority::Memory)]),
    root("data/os_name", Source::Os, Phase::Data, &[key("", Priority::Os)]),
    root("data/os_distro", Source::Os, Phase::Data, &[key("", Priority::Os)]),
    root("data/os_majorver", Source::Os, Phase::Data, &[key("", Priority::Os)]),
    root("data/os_minorver", Source::Os, Phase::Data, &[key("", Priority::Os)]),
    root("data/os_uname", Source::Os, Phase::Data, &[key("", Priority::Os)]),
    root("data/host_name_dns", Source::Os, Phase::Data, &[key("", Priority::Os)]),
    root("data/domain", Source::Os, Phase::Data, &[key("", Priority::Os)]),
    root(
        "data/service/xen-guest-agent",
        Source::Service,
        Phase::Service,
        &[key("*", Priority::Rest)],
    ),
    Root {
        ownership: Ownership::Values(&DRIVER_VENDORS),
        ..root("drivers", Source::Drivers, Phase::Data, &[key("#", Priority::Rest)])
    },
    root("feature/hotplug", Source::Drivers, Phase::Feature, &[key("*", Priority::Rest)]),
    root(
        VOLUMES,
        Source::Disks,
        Phase::Quiet,
        &[
            key("#/name", Priority::Volume),
            key("#/size", Priority::Volume),
            sample("#/free", Priority::Volume),
            key("#/filesystem", Priority::Volume),
            key("#/volume_name", Priority::VolumeLabel),
            key("#/mount_points/#", Priority::Volume),
            key("#/extents/#", Priority::Volume),
        ],
    ),
    // Schema rfc.
    root("data/xen-guest-agent", Source::Agent, Phase::Quiet, &[key("", Priority::Core)]),
    root(
        "data/os",
        Source::Os,
        Phase::Quiet,
        &[key("*", Priority::Os), key("unix/kernel-version", Priority::Os)],
    ),
    root(
        NICS,
        Source::Network,
        Phase::Quiet,
        &[
            key("#", Priority::Rest),
            key("#/mac/*", Priority::Rest),
            key("#/ipv4/*", Priority::Rest),
            key("#/ipv6/*", Priority::Rest),
        ],
    ),
    root("data/memory", Source::Memory, Phase::Quiet, &[sample("*", Priority::Memory)]),
    // Left by the old shell agent of xe-guest-utilities; never written. XAPI reads them if there is no key below
    // `attr/vif`, and then shows an address that the guest may not have any more. Last: `attr` has other roots.
    Root {
        ownership: Ownership::Children("eth"),
        ..root(
            "attr",
            Source::Agent,
            Phase::Attr,
            &[key("eth*/ip", Priority::Rest), key("eth*/ipv6/*/addr", Priority::Rest)],
        )
    },
];

const fn root(path: &'static str, source: Source, phase: Phase, keys: &'static [Key]) -> Root {
    Root { path, source, phase, ownership: Ownership::Subtree, keys }
}

const fn key(pattern: &'static str, priority: Priority) -> Key {
    Key { pattern, priority, is_sample: false }
}

const fn sample(pattern: &'static str, priority: Priority) -> Key {
    Key { pattern, priority, is_sample: true }
}

/// The roots of a source.
pub fn roots_of(source: Source) -> impl Iterator<Item = &'static Root> {
    ROOTS.iter().filter(move |root| root.source == source)
}

/// The root that covers `path`.
#[must_use]
pub fn root_of(path: &str) -> Option<&'static Root> {
    ROOTS.iter().find(|root| root.covers(path))
}

/// The row of a key.
#[must_use]
pub fn key_of(path: &str) -> Option<&'static Key> {
    root_of(path)?.key_of(path)
}

/// Whether this key was written by an agent.
#[must_use]
pub fn is_ours(path: &str, value: &str) -> bool {
    root_of(path).is_some_and(|root| root.owns(path, value))
}

impl Root {
    /// Whether the path is at or below this root.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        let Some(rest) = path.strip_prefix(self.path) else { return false };
        match self.ownership {
            Ownership::Subtree | Ownership::Values(_) => rest.is_empty() || rest.starts_with('/'),
            Ownership::Children(prefix) => {
                rest.strip_prefix('/').is_some_and(|rest| rest.starts_with(prefix))
            }
        }
    }

    /// Whether a key of this path and value, below the root, was written by an agent.
    #[must_use]
    pub fn owns(&self, path: &str, value: &str) -> bool {
        match self.ownership {
            Ownership::Subtree => true,
            Ownership::Values(prefixes) => prefixes.iter().any(|prefix| value.starts_with(prefix)),
            Ownership::Children(_) => self.key_of(path).is_some(),
        }
    }

    /// Whether the root itself is the toolstack's.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        !matches!(self.ownership, Ownership::Subtree)
    }

    /// The row of a key below this root.
    #[must_use]
    pub fn key_of(&self, path: &str) -> Option<&'static Key> {
        let below = path.strip_prefix(self.path)?;
        let below = below.strip_prefix('/').unwrap_or(below);
        self.keys.iter().find(|key| key.matches(below))
    }
}

impl Key {
    fn matches(&self, below: &str) -> bool {
        let is_match = |(pattern, name): (&str, &str)| match pattern {
            "#" => facts::decimal::<u32>(name).is_some(),
            _ => match pattern.strip_suffix('*') {
                Some(start) => name.starts_with(start),
                None => name == pattern,
            },
        };
        let (patterns, names) = (self.pattern.split('/'), below.split('/'));
        patterns.clone().count() == names.clone().count() && patterns.zip(names).all(is_match)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_has_the_row_of_its_pattern() {
        for (path, priority) in [
            ("attr/PVAddons/Installed", Some(Priority::Core)),
            ("attr/vif/12/ipv6/3/prefix", Some(Priority::FirstAddress)),
            ("attr/vif/x/name", None),
            ("attr/vif/1/ipv4/01", None),
            ("attr/vif/1", None),
            ("attr/vifs", None),
            ("attr/eth0/ipv6/2/addr", Some(Priority::Rest)),
            ("attr/eth0/other", None),
            ("data/os_name", Some(Priority::Os)),
            ("data/os_name/x", None),
            ("data/os/unix/kernel-version", Some(Priority::Os)),
            ("data/cant_suspend_reason", None),
            ("drivers/0", Some(Priority::Rest)),
        ] {
            assert_eq!(key_of(path).map(|key| key.priority), priority, "{path}");
        }
    }

    #[test]
    fn keys_of_other_programs_are_not_ours() {
        assert!(
            is_ours("drivers/0", "Linux xen-netfront 6.1 ") && !is_ours("drivers/0", "XCP x 1 ")
        );
        assert!(
            is_ours("attr/eth0/ip", "") && !is_ours("attr/eth0/mtu", "") && !is_ours("attr", "")
        );
        assert!(!is_ours("data/device_id", "1") && !is_ours("control/feature-suspend", "1"));
    }
}
