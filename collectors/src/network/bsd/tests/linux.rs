//! Linux, for the tests: facts that are not in the list, from other sources of the kernel. The agent for Linux
//! does not contain this.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv6Addr, UdpSocket};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

pub use crate::headers::linux as abi;
use crate::network::address_flags::of_linux;
use crate::network::interfaces::{AddressState, Entry, LowerLinks, Platform};
use crate::network::rtnetlink::Link;
use crate::network::sockaddr::Layout;
use crate::network::vif;

/// The number of ports of a bridge that are requested.
const PORTS: usize = 256;

/// The number of bytes after the pointer in an `ifreq`.
const IFREQ_REST: usize = abi::IFREQ - abi::IFR_DATA - size_of::<usize>();

/// `struct ifreq` of a request whose question is elsewhere.
#[repr(C)]
struct Ifreq {
    name: [u8; abi::IFNAMSIZ],
    data: usize,
    rest: [u8; IFREQ_REST],
}

const _: () = assert!(size_of::<Ifreq>() == abi::IFREQ && abi::IFR_DATA == abi::IFNAMSIZ);

/// The sockets for requests to the kernel.
pub struct Kernel {
    socket: UdpSocket,
    /// IPv6 addresses, their interfaces and flags.
    in6: Vec<(Ipv6Addr, Vec<u8>, u32)>,
}

impl Kernel {
    /// Opens the sockets, and reads the flags of all IPv6 addresses.
    ///
    /// # Errors
    /// As socket(2) and open(2) have them.
    pub fn new() -> io::Result<Self> {
        let table = fs::read_to_string("/proc/net/if_inet6")?;
        let in6 = table.lines().filter_map(in6_line).collect();
        Ok(Self { socket: UdpSocket::bind("127.0.0.1:0")?, in6 })
    }

    /// The members of a bridge; `None` if the link is none.
    #[allow(unsafe_code, reason = "a system call")]
    fn bridge_ports(&self, name: &[u8]) -> Option<Vec<u32>> {
        let mut ports = [0_u32; PORTS];
        let question = [abi::BRCTL_GET_PORT_LIST, ports.as_mut_ptr().expose_provenance(), PORTS, 0];
        let mut request = Ifreq {
            name: [0; abi::IFNAMSIZ],
            data: question.as_ptr().expose_provenance(),
            rest: [0; IFREQ_REST],
        };
        let room = request.name.iter_mut().take(abi::IFNAMSIZ - 1);
        room.zip(name).for_each(|(to, from)| *to = *from);
        let (fd, number) = (self.socket.as_raw_fd(), abi::SIOCDEVPRIVATE);
        // SAFETY: the request points to the query, which points to space for the number of ports in it.
        let answer = unsafe { libc::ioctl(fd, number as _, &raw mut request) };
        (answer >= 0).then(|| ports.into_iter().filter(|&index| index != 0).collect())
    }
}

impl Platform for Kernel {
    const LAYOUT: Layout = Layout::Linux;

    fn state(&mut self, entry: &Entry, ip: IpAddr) -> io::Result<Option<AddressState>> {
        let is_it = |(known, name, _): &&(Ipv6Addr, Vec<u8>, u32)| {
            IpAddr::V6(*known) == ip && *name == entry.name
        };
        let in6 = self.in6.iter().find(is_it).map(|(_, _, flags)| of_linux(*flags));
        Ok(if ip.is_ipv4() { Some(AddressState::default()) } else { in6 })
    }

    fn lower_links(
        &mut self,
        entry: &Entry,
        _: &dyn Fn(&[u8]) -> Option<u32>,
    ) -> io::Result<LowerLinks> {
        Ok(self.bridge_ports(&entry.name).map_or(LowerLinks::None, LowerLinks::Bridge))
    }
}

/// Which VIF is behind an interface.
pub struct Vifs(PathBuf);

impl Vifs {
    /// Looks below `root`.
    pub fn new(root: &Path) -> Self {
        Self(root.to_owned())
    }

    /// The VIF behind a link, as sysfs shows it.
    ///
    /// # Errors
    /// When it cannot be found out.
    pub fn find(&mut self, link: &Link) -> io::Result<Option<u32>> {
        vif::lookup(&self.0, &link.name, link.index)
    }
}

/// The list has no flags of addresses on this system.
pub fn address_flags(_node: &libc::ifaddrs) -> u32 {
    0
}

/// Address, interface and flags of a line: `fe80…01 02 40 20 80 eth0`, all numbers hexadecimal.
fn in6_line(line: &str) -> Option<(Ipv6Addr, Vec<u8>, u32)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let &[address, _, _, _, flags, name] = words.as_slice() else { return None };
    let address = u128::from_str_radix(address, 16).ok()?;
    Some((address.into(), name.into(), u32::from_str_radix(flags, 16).ok()?))
}
