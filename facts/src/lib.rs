//! The facts that collectors send to the publisher.
//!
//! Plain types, and the channel for them. This crate does no I/O, has no xenstore keys and does not depend on
//! the platform. A fact is the full state of its source and replaces older ones; a repeated fact changes
//! nothing.

mod channel;
mod sorted;
mod text;

use std::net::IpAddr;

pub use channel::{Inbox, Outbox, channel};
pub use sorted::{map_of, set_of};
pub use text::{Mac, ParseMacError, decimal};

/// One message to the publisher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The NICs and their addresses, all of them.
    Network(Network),
    /// The present memory of the guest.
    Memory(Memory),
    /// The operating system and its names.
    Os(Os),
    /// The SR-IOV virtual functions that the host has plugged in, all of them.
    SriovVfs(Vec<SriovVf>),
    /// The drivers of Xen's devices.
    Drivers(Drivers),
    /// The agent as a service, and the present boot.
    Service(Service),
    /// All volumes and their free space.
    Disks(Disks),
    /// The published keys are no longer known (a reload, a resume): read them back.
    ReadBack,
}

/// All network interfaces of the guest but loopback, by ascending interface index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// The interfaces.
    pub links: Vec<Link>,
    /// The VIF of an interface could not be read: a published VIF that is missing in `links` may be its.
    pub lacks_vif: bool,
}

/// One network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The kernel's interface index.
    pub index: u32,
    /// The interface's name in the guest; bytes that are not UTF-8 are replaced.
    pub name: String,
    /// The Ethernet address, if the interface has one.
    pub mac: Option<Mac>,
    /// `N` of the backend's `device/vif/N`, if the interface is a Xen VIF.
    pub vif: Option<u32>,
    /// The addresses at which the guest can be reached now, in the kernel's order. Empty while the
    /// link is down; without tentative addresses and those that failed duplicate address detection.
    pub addresses: Vec<Address>,
    /// The permanent MAC, by which the host identifies the device: all members of a bond have the bond's
    /// `mac`. `None` for VIFs and upper devices.
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
    /// The scope (`rtm_scope` in `linux/rtnetlink.h`): 0 is global, 253 link-local. 169.254/16 and fe80::/10
    /// always count as link-local.
    pub scope: u8,
    /// Its preferred lifetime is over.
    pub deprecated: bool,
    /// It is an address of an upper device.
    pub on_upper_device: bool,
    /// IPv4: secondary. IPv6: temporary (the kernel has one flag for both).
    pub secondary: bool,
    /// It is not the source address of a default route.
    pub not_default_source: bool,
}

/// The guest's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The memory that the kernel manages now, in KiB; follows ballooning.
    pub total: u64,
    /// The memory that programs can still allocate without swapping, in KiB.
    pub available: u64,
    /// The kernel has a balloon driver.
    pub balloon: bool,
}

impl Memory {
    /// The least difference from the published figure for which a new one is published, in KiB: 1/512 of the
    /// total or 1 MiB, whichever is more.
    #[must_use]
    pub fn step(&self) -> u64 {
        (self.total / 512).max(1024)
    }
}

/// The operating system, from its files and its kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Os {
    /// Name and version, to be shown to users: `Debian GNU/Linux 12 (bookworm)`.
    pub pretty_name: String,
    /// Name without version: `Debian GNU/Linux`.
    pub name: String,
    /// The id that hosts use, in lower case: `debian`, `oracle`.
    pub distro: String,
    /// The full version, as its files have it: `12.7`, `1.5-rolling-202401010021`; of a BSD, its numbers.
    pub version: Option<String>,
    /// First number of the version, digits only.
    pub major: Option<String>,
    /// Second number of the version, digits only.
    pub minor: Option<String>,
    /// The kernel's release, as `uname -r` prints it.
    pub kernel_release: String,
    /// The host's name up to its first dot.
    pub host_name: String,
    /// The host's DNS domain, if it has one.
    pub domain: Option<String>,
}

/// An SR-IOV virtual function, as the host describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SriovVf {
    /// `N` of the host's `device/net-sriov-vf/N`.
    pub id: u32,
    /// The MAC that the host gave it.
    pub mac: Mac,
}

/// The drivers of Xen's devices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drivers {
    /// The drivers that have a device, by name.
    pub in_use: Vec<Driver>,
    /// The driver of VIFs is loaded: a VIF that is plugged in works at once.
    pub vif: bool,
    /// The same for virtual block devices.
    pub vbd: bool,
}

/// One driver.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Driver {
    /// The operating system of the driver: `Linux`.
    pub vendor: &'static str,
    /// The name in the kernel's sources: `xen-netfront`.
    pub name: String,
    /// Its version, which is that of its kernel.
    pub version: String,
}

/// The agent as a service, and the present boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The kernel's id of this boot, if it has one.
    pub boot_id: Option<String>,
    /// Something was installed that needs a reboot.
    pub reboot_required: bool,
}

/// The volumes of the guest, the root file system first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disks {
    /// The volumes; no two have the same name.
    pub volumes: Vec<Volume>,
}

/// A block device that has a mounted file system, is used as swap, or is an LVM physical volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// The device, with the UUID of its file system if that is known: `/dev/xvda1(2c1f…)`.
    pub name: String,
    /// The label of its file system, if udev knows one.
    pub label: Option<String>,
    /// The device's size in bytes.
    pub size: Option<u64>,
    /// The bytes that a user can still write; `None` if the query could block.
    pub free: Option<u64>,
    /// The kind of file system, such as `ext4`; or `swap` or `lvm2`.
    pub filesystem: String,
    /// The mount points; `[SWAP]` for swap, `[LVM]` for physical volumes.
    pub mount_points: Vec<String>,
    /// The virtual disks below it: `xvda`.
    pub extents: Vec<String>,
}
