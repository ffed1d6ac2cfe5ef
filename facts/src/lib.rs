//! What collectors say and publishers hear.
//!
//! Plain types and the channel that carries them. Nothing here does I/O, names a store key or
//! depends on the platform. Facts are whole, never deltas: the last one wins, a repeat is harmless.

mod channel;
mod decimal;
mod mac;
mod published_memory;

use std::net::IpAddr;

pub use channel::{Inbox, Outbox, RecvError, channel};
pub use decimal::decimal;
pub use mac::{Mac, ParseMacError};
pub use published_memory::PublishedMemory;

/// One message to the publisher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The NICs and their addresses, all of them.
    Network(Network),
    /// The memory of the guest now.
    Memory(Memory),
    /// The operating system and its names.
    Os(Os),
    /// The SR-IOV virtual functions that the host has plugged in, all of them.
    Functions(Vec<SriovVf>),
    /// The drivers of Xen's devices.
    Drivers(Drivers),
    /// The agent as a service, and the boot that it serves.
    Service(Service),
    /// The volumes and how full they are, all of them.
    Disks(Disks),
    /// What the store holds is no longer known (a reload, a resume): read it back.
    ReadBack,
}

/// All network interfaces of the guest but loopback, by ascending interface index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// The interfaces.
    pub links: Vec<Link>,
}

/// One network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The kernel's interface index.
    pub index: u32,
    /// The interface's name in the guest; what is not UTF-8 in it is replaced.
    pub name: String,
    /// The Ethernet address, if the interface has one.
    pub mac: Option<Mac>,
    /// `N` of the backend's `device/vif/N`, when the interface is a Xen VIF.
    pub vif: Option<u32>,
    /// The addresses at which the guest can be reached now, in the kernel's order. Empty while the
    /// link is down; without tentative addresses and those that failed duplicate address detection.
    pub addresses: Vec<Address>,
    /// The Ethernet address that the device came with, by which the host knows it; a bond gives its
    /// own `mac` to all its members. `None` for VIFs and upper devices.
    pub perm_mac: Option<Mac>,
    /// The usable addresses of all upper devices (bridge, bond, team, VLAN, macvlan, macvtap, ipvlan,
    /// ipvtap, Open vSwitch), the nearest first. Empty while the link is down, and for links with an
    /// IFLA_INFO_KIND that are not VIFs.
    pub upper_addresses: Vec<Address>,
}

/// One address of a NIC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address itself.
    pub ip: IpAddr,
    /// Length of the network prefix in bits: 0–32, 0–128.
    pub prefix: u8,
    /// Its preference over the other addresses.
    pub preference: AddressPreference,
}

/// The preference of an address: the least is the best one to reach the guest at.
///
/// Addresses of equal preference are in the kernel's order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AddressPreference {
    /// The scope (`rtm_scope` in `linux/rtnetlink.h`): 0 is global, 253 link-local, as which 169.254/16
    /// and fe80::/10 always count.
    pub scope: u8,
    /// Its preferred lifetime is over.
    pub deprecated: bool,
    /// It is an address of an upper device.
    pub upper_addresses: bool,
    /// IPv4: secondary. IPv6: temporary (the kernel has one flag for both).
    pub secondary: bool,
    /// It is not the source address of a default route.
    pub not_default_source: bool,
}

/// The guest's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// What the kernel manages now, in KiB; follows ballooning.
    pub total: u64,
    /// What programs may still take without swapping, in KiB.
    pub available: u64,
    /// The kernel has a balloon driver.
    pub balloon: bool,
}

impl Memory {
    /// By how much a figure has to differ from the published one to be published, in KiB: 1/512 of the
    /// total or 1 MiB, whichever is more.
    #[must_use]
    pub fn step(&self) -> u64 {
        (self.total / 512).max(1024)
    }
}

/// The operating system, as its own files and its kernel name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Os {
    /// Name and version for people: `Debian GNU/Linux 12 (bookworm)`.
    pub pretty_name: String,
    /// Name without version: `Debian GNU/Linux`.
    pub name: String,
    /// Lower-case id, as hosts know it: `debian`, `oracle`.
    pub distro: String,
    /// The version whole, as text: `12.7`.
    pub version: Option<String>,
    /// First part of the version.
    pub major: Option<String>,
    /// Second part of the version.
    pub minor: Option<String>,
    /// The kernel's release, as `uname -r` prints it.
    pub kernel_release: String,
    /// The host's name up to its first dot.
    pub host_name: String,
    /// The host's DNS domain, if it has one.
    pub domain: Option<String>,
}

/// An SR-IOV virtual function as the host names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SriovVf {
    /// `N` of the host's `device/net-sriov-vf/N`.
    pub id: u32,
    /// The Ethernet address that the host gave it.
    pub mac: Mac,
}

/// The drivers of Xen's devices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drivers {
    /// Those that drive something now, by name.
    pub in_use: Vec<Driver>,
    /// The driver of VIFs is there: one that is plugged in works at once.
    pub vif: bool,
    /// The same of virtual block devices.
    pub vbd: bool,
}

/// One driver.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Driver {
    /// The system that it is a part of: `Linux`.
    pub vendor: &'static str,
    /// As the kernel's own people write it: `xen-netfront`.
    pub name: String,
    /// Its version, which is that of the kernel that it came with.
    pub version: String,
}

/// The agent as a service, and the boot that it serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The kernel's id of this boot, where it has one.
    pub boot_id: Option<String>,
    /// Something was installed that a reboot will put to use.
    pub reboot_required: bool,
}

/// What the guest keeps data on, the root file system first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disks {
    /// The volumes; no two have the same name.
    pub volumes: Vec<Volume>,
}

/// A block device with a file system that is mounted, or that is swapped to, or an LVM physical volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// The device, with the UUID of what is on it where that is known: `/dev/xvda1(2c1f…)`.
    pub name: String,
    /// The device's size in bytes.
    pub size: Option<u64>,
    /// What a user may still write, in bytes; `None` where it cannot be asked for safely.
    pub free: Option<u64>,
    /// The kind of file system: `ext4`; `swap` and `lvm2` are none, but what is there instead.
    pub filesystem: String,
    /// Where it is mounted; `[SWAP]` and `[LVM]` for what never is.
    pub mount_points: Vec<String>,
    /// The virtual disks that it lies on: `xvda`.
    pub extents: Vec<String>,
}
