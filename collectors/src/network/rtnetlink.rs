//! Parses the rtnetlink messages of a datagram. No I/O; allocates for names only.
//!
//! The format is that of the kernel's `linux/netlink.h`, `linux/rtnetlink.h`, `linux/if_link.h` and
//! `linux/if_addr.h`. The crate neli has types for these too, but they allocate for each of the sixty
//! attributes of a link.

mod messages;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use facts::{AddressPreference, Mac};
use thiserror::Error;

pub use messages::{Address, Link, Message, Parent, Payload};

use super::address_flags;
use messages::{each_attribute, split, u16_at, u32_at, until_nul};

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const RTM_NEWLINK: u16 = 16;
const RTM_NEWADDR: u16 = 20;
const RTM_NEWROUTE: u16 = 24;
const NLM_F_DUMP_INTR: u16 = 0x10;
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_LINK: u16 = 5;
const IFLA_MASTER: u16 = 10;
const IFLA_LINKINFO: u16 = 18;
const IFLA_LINK_NETNSID: u16 = 37;
const IFLA_PERM_ADDRESS: u16 = 54;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_PARENT_DEV_NAME: u16 = 56;
const IFLA_PARENT_DEV_BUS_NAME: u16 = 57;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_FLAGS: u16 = 8;
const RTA_PREFSRC: u16 = 7;
const RTN_UNICAST: u8 = 1;
const IFF_UP: u32 = 1;
const IFF_LOOPBACK: u32 = 8;
const IFA_F_SECONDARY: u32 = 0x01;
const IFA_F_DADFAILED: u32 = 0x08;
const IFA_F_DEPRECATED: u32 = 0x20;
const IFA_F_TENTATIVE: u32 = 0x40;
const AF_UNSPEC: u8 = 0;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// Bytes that are not an rtnetlink message.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a netlink message of type {kind} is malformed")]
pub struct Malformed {
    /// The message's type; 0 if the bytes are too few for a header.
    pub kind: u16,
}

/// The messages in `datagram`. Bytes that cannot be a header end it.
pub fn messages(datagram: &[u8]) -> impl Iterator<Item = Result<Message, Malformed>> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some((message, after)) = split(rest, u32_at(rest, 0).map(|n| n as usize), 16) else {
            rest = &[];
            return Some(Err(Malformed { kind: 0 }));
        };
        rest = after;
        Some(read_message(message))
    })
}

fn read_message(message: &[u8]) -> Result<Message, Malformed> {
    let kind = u16_at(message, 4).unwrap_or_default();
    let malformed = Malformed { kind };
    let flags = u16_at(message, 6).ok_or(malformed)?;
    let sequence = u32_at(message, 8).ok_or(malformed)?;
    let body = message.get(16..).ok_or(malformed)?;
    let read = match kind {
        NLMSG_DONE => Some(errno(body).map_or(Payload::Done, Payload::Error)),
        NLMSG_ERROR => Some(Payload::Error(errno(body).ok_or(malformed)?)),
        RTM_NEWLINK => link(body).map(|link| link.map_or(Payload::Other, Payload::Link)),
        RTM_NEWADDR => address(body).map(|a| a.map_or(Payload::Other, Payload::Address)),
        RTM_NEWROUTE => route(body).map(Payload::Route),
        _ => Some(Payload::Other),
    };
    let interrupted = flags & NLM_F_DUMP_INTR != 0;
    read.map(|payload| Message { payload, interrupted, sequence }).ok_or(malformed)
}

/// The errno that ends a request, as a positive number; `None` for success.
fn errno(body: &[u8]) -> Option<i32> {
    let negative: [u8; 4] = body.get(..4)?.try_into().ok()?;
    Some(i32::from_ne_bytes(negative).wrapping_neg()).filter(|&errno| errno != 0)
}

/// `None` is malformed. `Some(None)` does not describe a link: a bridge has its ports in RTM_NEWLINK of family
/// AF_BRIDGE.
fn link(body: &[u8]) -> Option<Option<Link>> {
    let (header, attributes) = body.split_at_checked(16)?;
    if header.first() != Some(&AF_UNSPEC) {
        return Some(None);
    }
    let flags = u32_at(header, 8)?;
    let mut link = Link {
        index: u32_at(header, 4)?,
        up: flags & IFF_UP != 0,
        loopback: flags & IFF_LOOPBACK != 0,
        ..Link::default()
    };
    let (mut bus, mut device, mut lower_is_elsewhere) = (None, None, false);
    each_attribute(attributes, |kind, value| {
        match kind {
            IFLA_ADDRESS => link.mac = mac(value),
            IFLA_PERM_ADDRESS => link.perm_mac = mac(value),
            IFLA_IFNAME => link.name = until_nul(value).to_vec(),
            IFLA_LINK => link.lower = u32_at(value, 0),
            IFLA_LINK_NETNSID => lower_is_elsewhere = true,
            IFLA_MASTER => link.master = u32_at(value, 0),
            IFLA_LINKINFO => each_attribute(value, |kind, value| {
                if kind == IFLA_INFO_KIND {
                    link.info_kind = until_nul(value).to_vec();
                }
                Some(())
            })?,
            IFLA_PARENT_DEV_BUS_NAME => bus = Some(until_nul(value).to_vec()),
            IFLA_PARENT_DEV_NAME => device = Some(until_nul(value).to_vec()),
            _ => {}
        }
        Some(())
    })?;
    link.lower = link.lower.filter(|_| !lower_is_elsewhere);
    link.parent = device.map(|device| Parent { bus: bus.unwrap_or_default(), device });
    Some(Some(link))
}

/// As for [`link`]: `Some(None)` is an address of another family.
fn address(body: &[u8]) -> Option<Option<Address>> {
    let (header, attributes) = body.split_at_checked(8)?;
    let &[family, prefix, flags, scope, ..] = header else { return None };
    if family != AF_INET && family != AF_INET6 {
        return Some(None);
    }
    let mut flags = u32::from(flags);
    let (mut peer, mut local) = (None, None);
    each_attribute(attributes, |kind, value| {
        match kind {
            // On a point-to-point link the address of the other end, else the same as IFA_LOCAL.
            IFA_ADDRESS => peer = Some(ip(family, value)?),
            IFA_LOCAL => local = Some(ip(family, value)?),
            IFA_FLAGS => flags = u32_at(value, 0)?,
            _ => {}
        }
        Some(())
    })?;
    let ip = local.or(peer)?;
    let most = if ip.is_ipv4() { 32 } else { 128 };
    (prefix <= most).then_some(())?;
    let preference = AddressPreference {
        scope: address_flags::scope(ip, scope),
        deprecated: flags & IFA_F_DEPRECATED != 0,
        on_upper_device: false,
        secondary: flags & IFA_F_SECONDARY != 0,
        not_default_source: false,
    };
    let usable = flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED) == 0;
    let (link, failed) = (u32_at(header, 4)?, flags & IFA_F_DADFAILED != 0);
    Some(Some(Address { link, ip, prefix, usable, failed, preference }))
}

/// The source address of a route; `None` is malformed. If there is no route, older kernels (seen with 4.4)
/// answer with a route of type unreachable, whose source address must be ignored.
fn route(body: &[u8]) -> Option<Option<IpAddr>> {
    let (header, attributes) = body.split_at_checked(12)?;
    let (family, kind) = (*header.first()?, *header.get(7)?);
    if kind != RTN_UNICAST {
        return Some(None);
    }
    let mut source = None;
    each_attribute(attributes, |kind, value| {
        if kind == RTA_PREFSRC {
            source = Some(ip(family, value)?);
        }
        Some(())
    })?;
    Some(source)
}

fn mac(bytes: &[u8]) -> Option<Mac> {
    bytes.try_into().ok().map(Mac)
}

fn ip(family: u8, bytes: &[u8]) -> Option<IpAddr> {
    if family == AF_INET {
        <[u8; 4]>::try_from(bytes).ok().map(|octets| Ipv4Addr::from(octets).into())
    } else {
        <[u8; 16]>::try_from(bytes).ok().map(|octets| Ipv6Addr::from(octets).into())
    }
}

#[cfg(test)]
mod tests;
