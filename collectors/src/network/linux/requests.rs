//! The requests to rtnetlink, as bytes (`linux/netlink.h`, `linux/rtnetlink.h`).

use std::net::IpAddr;

const RTM_GETLINK: u16 = 18;
const RTM_GETADDR: u16 = 22;
const RTM_GETROUTE: u16 = 26;
const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_DUMP: u16 = 0x300;
const IFLA_EXT_MASK: u16 = 29;
const RTEXT_FILTER_SKIP_STATS: u32 = 8;
const RTA_DST: u16 = 1;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// Requests a dump of all links, without their counters. Without a mask the kernel (6.18 was seen) ends the
/// dump as if it were complete before a link whose message is longer than 32 KiB; with one it allocates enough.
pub fn links(sequence: u32) -> Vec<u8> {
    let mut body = vec![0; 16];
    body.extend(8_u16.to_ne_bytes());
    body.extend(IFLA_EXT_MASK.to_ne_bytes());
    body.extend(RTEXT_FILTER_SKIP_STATS.to_ne_bytes());
    request(RTM_GETLINK, NLM_F_DUMP, sequence, &body)
}

/// Requests a dump of all addresses. The body has the size of an `ifinfomsg`; the kernel reads only the
/// family of it.
pub fn addresses(sequence: u32) -> Vec<u8> {
    request(RTM_GETADDR, NLM_F_DUMP, sequence, &[0; 16])
}

/// Requests the route to `destination`.
pub fn route(sequence: u32, destination: IpAddr) -> Vec<u8> {
    let (family, octets) = match destination {
        IpAddr::V4(ip) => (AF_INET, ip.octets().to_vec()),
        IpAddr::V6(ip) => (AF_INET6, ip.octets().to_vec()),
    };
    let length = octets.len() as u8;
    let mut body = vec![family, length * 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    body.extend((4 + u16::from(length)).to_ne_bytes());
    body.extend(RTA_DST.to_ne_bytes());
    body.extend(octets);
    request(RTM_GETROUTE, 0, sequence, &body)
}

fn request(kind: u16, flags: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(16 + body.len());
    bytes.extend((16 + body.len() as u32).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend((NLM_F_REQUEST | flags).to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend(0_u32.to_ne_bytes());
    bytes.extend(body);
    bytes
}
