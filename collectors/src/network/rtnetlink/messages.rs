//! The messages of rtnetlink, with the fields that matter here. Plain types.

use std::net::IpAddr;

use facts::{AddressPreference, Mac};

/// One message of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its content.
    pub payload: Payload,
    /// It is part of a dump that was interrupted by a change and may be incomplete (`NLM_F_DUMP_INTR`).
    pub interrupted: bool,
    /// `nlmsg_seq`, that of the request.
    pub sequence: u32,
}

/// The content of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A link.
    Link(Link),
    /// An address of a link.
    Address(Address),
    /// A route, with its source address if it has one.
    Route(Option<IpAddr>),
    /// The end of a dump.
    Done,
    /// A request failed, with this errno (positive).
    Error(i32),
    /// Anything else.
    Other,
}

/// A link as a message describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Interface index.
    pub index: u32,
    /// Administratively up (`IFF_UP`).
    pub up: bool,
    /// The loopback interface.
    pub loopback: bool,
    /// The name: any bytes but NUL, `/`, `:` and white space.
    pub name: Vec<u8>,
    /// The current MAC, if it is an Ethernet address.
    pub mac: Option<Mac>,
    /// The permanent MAC (`IFLA_PERM_ADDRESS`, since Linux 5.6).
    pub perm_mac: Option<Mac>,
    /// The parent device, since Linux 5.14.
    pub parent: Option<Parent>,
    /// The kind of virtual link (`IFLA_INFO_KIND`): `bridge`, `vlan`; empty for a NIC.
    pub info_kind: Vec<u8>,
    /// `N` of the backend's `device/vif/N`. No message has it: it follows from the parent device or the system.
    pub vif: Option<u32>,
    /// Index of the bridge, bond, team or Open vSwitch datapath of which it is a port.
    pub master: Option<u32>,
    /// Index of the lower device if that is in this network namespace: a VLAN's NIC, a veth's peer.
    pub lower: Option<u32>,
}

/// The parent device of a link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parent {
    /// `xen`, `pci`, `virtio`
    pub bus: Vec<u8>,
    /// `vif-0`, `0000:00:04.0`
    pub device: Vec<u8>,
}

/// An address as a message describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// Index of the interface that has it.
    pub link: u32,
    /// The guest's own address.
    pub ip: IpAddr,
    /// Prefix length in bits.
    pub prefix: u8,
    /// The guest can be reached at it: it is not tentative and has passed duplicate address detection.
    pub usable: bool,
    /// Duplicate address detection failed: another machine has the address.
    pub failed: bool,
    /// Its preference, without `on_upper_device` and `not_default_source`.
    pub preference: AddressPreference,
}

/// The two high bits of an attribute's type are flags.
const NLA_TYPE_MASK: u16 = 0x3fff;

/// The first `length` bytes, and those after them and their padding. `None` if there are fewer, or if
/// `length` is less than `least`.
pub fn split(bytes: &[u8], length: Option<usize>, least: usize) -> Option<(&[u8], &[u8])> {
    let length = length.filter(|&length| length >= least)?;
    let piece = bytes.get(..length)?;
    Some((piece, bytes.get(length.next_multiple_of(4)..).unwrap_or_default()))
}

/// Calls `take` with the type and value of each attribute; `None` if one is malformed.
pub fn each_attribute(
    mut rest: &[u8],
    mut take: impl FnMut(u16, &[u8]) -> Option<()>,
) -> Option<()> {
    while !rest.is_empty() {
        let (attribute, after) = split(rest, u16_at(rest, 0).map(usize::from), 4)?;
        take(u16_at(attribute, 2)? & NLA_TYPE_MASK, attribute.get(4..)?)?;
        rest = after;
    }
    Some(())
}

/// The bytes before the first NUL.
pub fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// The number at this offset, in the machine's byte order.
pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_ne_bytes)
}

/// The number at this offset, in the machine's byte order.
pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes)
}
