//! NetBSD: most facts are in the list; VLANs are from ioctl(2), VIFs from xenstore.

use std::ffi::c_void;
use std::io;
use std::mem::offset_of;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::path::Path;

use xenstore::Connection;

use super::ioctl::{ioctl, socket};
pub use crate::headers::netbsd as abi;
use crate::network::address_flags::of_netbsd;
use crate::network::interfaces::{AddressState, Entry, LowerLinks, Platform};
use crate::network::rtnetlink::Link;
use crate::network::sockaddr::Layout;
use crate::network::vif::{find, unit};

/// The driver of VIFs, `sys/arch/xen/xen/if_xennet_xenbus.c`.
const DRIVER: &str = "xennet";
/// The prefix of the names of VLANs, which cannot be renamed. The type of a VLAN is that of its lower device, so
/// it does not identify VLANs.
const VLAN: &str = "vlan";
/// The number of bytes after the pointer in an `ifreq`.
const IFREQ_REST: usize = abi::IFREQ - abi::IFR_DATA - size_of::<*mut c_void>();

/// `struct ifreq` of a request whose answer goes elsewhere.
#[repr(C)]
struct Ifreq {
    name: [u8; abi::IFNAMSIZ],
    data: *mut c_void,
    rest: [u8; IFREQ_REST],
}

const _: () = assert!(
    size_of::<Ifreq>() == abi::IFREQ
        && abi::IFR_DATA == abi::IFNAMSIZ
        && abi::VLR_PARENT == 0
        && offset_of!(libc::ifaddrs, ifa_addrflags) == abi::IFA_ADDRFLAGS
);

/// The sockets for requests to the kernel.
pub struct Kernel {
    socket: OwnedFd,
}

impl Kernel {
    /// Opens the sockets.
    ///
    /// # Errors
    /// As socket(2) has them.
    pub fn new() -> io::Result<Self> {
        Ok(Self { socket: socket(libc::AF_INET)? })
    }

    #[allow(unsafe_code, reason = "a system call")]
    fn vlan_parent(&self, name: &[u8]) -> io::Result<Vec<u8>> {
        let mut answer = [0_u8; abi::VLANREQ];
        let data = answer.as_mut_ptr().cast();
        let mut request = Ifreq { name: [0; abi::IFNAMSIZ], data, rest: [0; IFREQ_REST] };
        let room = request.name.iter_mut().take(abi::IFNAMSIZ - 1);
        room.zip(name).for_each(|(to, from)| *to = *from);
        // SAFETY: `answer` has room for the `vlanreq` that the kernel writes there.
        unsafe { ioctl(&self.socket, abi::SIOCGETVLAN, &mut request)? };
        let parent = answer.split(|&byte| byte == 0).next().unwrap_or_default();
        Ok(parent.iter().copied().take(abi::IFNAMSIZ).collect())
    }
}

impl Platform for Kernel {
    const LAYOUT: Layout = Layout::NetBsd;

    fn state(&mut self, entry: &Entry, ip: IpAddr) -> io::Result<Option<AddressState>> {
        Ok(Some(of_netbsd(ip, entry.address_flags)))
    }

    fn lower_links(
        &mut self,
        entry: &Entry,
        index: &dyn Fn(&[u8]) -> Option<u32>,
    ) -> io::Result<LowerLinks> {
        if unit(&String::from_utf8_lossy(&entry.name), VLAN).is_none() {
            return Ok(LowerLinks::None);
        }
        match self.vlan_parent(&entry.name) {
            Ok(parent) => Ok(LowerLinks::Vlan(index(&parent))),
            // It was removed since it was listed.
            Err(error) if error.raw_os_error() == Some(libc::ENXIO) => Ok(LowerLinks::None),
            Err(error) => Err(error),
        }
    }
}

/// Which VIF is behind an interface.
pub struct Vifs {
    /// The only connection of this thread: a second one would share its state. It is kept, since the kernel does
    /// not free all of one that is closed.
    connection: Option<Connection>,
}

impl Vifs {
    /// Uses xenstore, not the files below `root`.
    pub fn new(_root: &Path) -> Self {
        Self { connection: None }
    }

    /// The VIF of a link.
    ///
    /// # Errors
    /// When it cannot be found out.
    pub fn find(&mut self, link: &Link) -> io::Result<Option<u32>> {
        let name = String::from_utf8_lossy(&link.name);
        if unit(&name, DRIVER).is_none() {
            return Ok(None);
        }
        let mut connection = self.connection.take().map_or_else(Connection::open, Ok)?;
        let by_name = find(&mut connection, "vifname", |vifname| vifname == name)?;
        let vif = match (by_name, link.mac) {
            (None, Some(mac)) => find(&mut connection, "mac", |text| text.parse() == Ok(mac))?,
            (vif, _) => vif,
        };
        self.connection = Some(connection);
        Ok(vif)
    }
}

/// The flags of an address, which are in the list on this system.
pub fn address_flags(node: &libc::ifaddrs) -> u32 {
    node.ifa_addrflags
}
