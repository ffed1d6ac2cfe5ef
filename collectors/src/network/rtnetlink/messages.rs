//! What rtnetlink messages say, as far as it matters here. Plain types.

use std::net::IpAddr;

use facts::{Mac, Rank};

/// One message of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it says.
    pub kind: Kind,
    /// The dump it is part of was overtaken by a change: dump again.
    pub interrupted: bool,
    /// The request that it answers; 0 for an event.
    pub sequence: u32,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A link is there, in this state.
    Link(Link),
    /// The link with this index is gone.
    DelLink(u32),
    /// A link has an address, in this state.
    Address(Address),
    /// A link has an address no more.
    DelAddr(Address),
    /// A route, with the source address that it uses if it tells.
    Route(Option<IpAddr>),
    /// The dump is complete.
    Done,
    /// A request was refused: a positive errno.
    Refused(i32),
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
    /// The name, any bytes but NUL, `/`, `:` and white space.
    pub name: Vec<u8>,
    /// The hardware address, where it is an Ethernet one.
    pub mac: Option<Mac>,
    /// The one that the device came with, where that is known (since Linux 5.6).
    pub permanent: Option<Mac>,
    /// The device that the link hangs on, since Linux 5.14.
    pub parent: Option<Parent>,
    /// What sort of virtual link it is: `bridge`, `vlan`; empty for a NIC.
    pub sort: Vec<u8>,
    /// Index of the bridge, bond or team that it is a port of.
    pub master: Option<u32>,
    /// Index of the link below, in this network namespace: a VLAN's NIC, a veth's other end.
    pub lower: Option<u32>,
}

/// The device that a link hangs on.
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
    /// The address.
    pub ip: IpAddr,
    /// Prefix length in bits.
    pub prefix: u8,
    /// The guest can be reached by it: neither tentative nor failed.
    pub usable: bool,
    /// How good it is.
    pub rank: Rank,
}
