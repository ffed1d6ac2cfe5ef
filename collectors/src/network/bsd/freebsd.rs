//! FreeBSD: facts from ioctl(2) and sysctl(3).

use std::ffi::c_void;
use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::path::Path;

use xenstore::Connection;

use super::ioctl::{ioctl, socket};
pub use crate::headers::freebsd as abi;
use crate::network::address_flags::of_freebsd;
use crate::network::interfaces::{AddressState, Entry, LowerLinks, Platform};
use crate::network::rtnetlink::Link;
use crate::network::sockaddr::Layout;
use crate::network::vif::{find, of_path, unit};
use crate::sysctl;

/// The driver of VIFs, `sys/dev/xen/netfront`.
const DRIVER: &str = "xn";
/// The number of members of a bridge for which space is allocated at first.
const MEMBERS: usize = 64;
/// The number of bytes after the name in an `in6_ifreq`.
const IN6_VALUE: usize = abi::IN6_IFREQ - abi::IFNAMSIZ;
/// The number of bytes after the pointer in an `ifreq`.
const IFREQ_REST: usize = abi::IFREQ - abi::IFR_DATA - size_of::<*mut c_void>();

/// `struct in6_ifreq`.
#[repr(C)]
struct In6Ifreq {
    name: [u8; abi::IFNAMSIZ],
    /// First the address, then its flags.
    value: [u8; IN6_VALUE],
}

/// `struct ifreq` of a request whose answer goes elsewhere.
#[repr(C)]
struct Ifreq {
    name: [u8; abi::IFNAMSIZ],
    data: *mut c_void,
    rest: [u8; IFREQ_REST],
}

/// `struct ifdrv`.
#[repr(C)]
struct Ifdrv {
    name: [u8; abi::IFNAMSIZ],
    command: u64,
    length: usize,
    data: *mut c_void,
}

/// `struct ifbifconf`.
#[repr(C)]
struct Ifbifconf {
    length: u32,
    members: *mut c_void,
}

const _: () = assert!(
    size_of::<In6Ifreq>() == abi::IN6_IFREQ
        && abi::IFR_IFRU == abi::IFNAMSIZ
        && size_of::<Ifreq>() == abi::IFREQ
        && size_of::<Ifdrv>() == abi::IFDRV
        && size_of::<Ifbifconf>() == abi::IFBIFCONF
        && abi::IFBIC_LEN == 0
        && abi::IFBR_IFSNAME == 0
        && abi::VLR_PARENT == 0
);

/// The sockets for requests to the kernel.
pub struct Kernel {
    socket: OwnedFd,
    /// Opened for the first IPv6 address: without one, the kernel may have no IPv6.
    inet6: Option<OwnedFd>,
}

impl Kernel {
    /// Opens the sockets.
    ///
    /// # Errors
    /// As socket(2) has them.
    pub fn new() -> io::Result<Self> {
        Ok(Self { socket: socket(libc::AF_INET)?, inet6: None })
    }

    #[allow(unsafe_code, reason = "a system call")]
    fn in6_flags(&mut self, entry: &Entry) -> io::Result<u32> {
        let socket = match &self.inet6 {
            Some(socket) => socket,
            None => self.inet6.insert(socket(libc::AF_INET6)?),
        };
        let mut request = In6Ifreq { name: padded(&entry.name), value: [0; IN6_VALUE] };
        // Unchanged: the kernel finds a link-local address by the index in it.
        request.value.iter_mut().zip(&entry.address).for_each(|(to, from)| *to = *from);
        // SAFETY: the argument holds no pointer.
        unsafe { ioctl(socket, abi::SIOCGIFAFLAG_IN6, &mut request)? };
        Ok(request.value.first_chunk().map_or(0, |flags| u32::from_ne_bytes(*flags)))
    }

    #[allow(unsafe_code, reason = "a system call")]
    fn vlan_parent(&self, name: &[u8]) -> io::Result<Vec<u8>> {
        let mut answer = [0_u8; abi::VLANREQ];
        let data = answer.as_mut_ptr().cast();
        let mut request = Ifreq { name: padded(name), data, rest: [0; IFREQ_REST] };
        // SAFETY: `answer` has room for the `vlanreq` that the kernel writes there.
        unsafe { ioctl(&self.socket, abi::SIOCGETVLAN, &mut request)? };
        Ok(name_in(&answer))
    }

    #[allow(unsafe_code, reason = "a system call")]
    fn bridge_members(&self, name: &[u8]) -> io::Result<Vec<Vec<u8>>> {
        let mut room = MEMBERS * abi::IFBREQ;
        loop {
            let mut members = vec![0_u8; room];
            let mut list = Ifbifconf { length: room as u32, members: members.as_mut_ptr().cast() };
            let data = (&raw mut list).cast();
            let (command, length) = (abi::BRDGGIFS, abi::IFBIFCONF);
            let mut request = Ifdrv { name: padded(name), command, length, data };
            // SAFETY: the request points to `list`, which points to `members`; the kernel writes no more
            // into either than the lengths in them say.
            unsafe { ioctl(&self.socket, abi::SIOCGDRVSPEC, &mut request)? };
            let filled = list.length as usize;
            if filled < room {
                members.truncate(filled);
                return Ok(members.chunks_exact(abi::IFBREQ).map(name_in).collect());
            }
            room *= 2;
        }
    }
}

impl Platform for Kernel {
    const LAYOUT: Layout = Layout::FreeBsd;

    fn state(&mut self, entry: &Entry, ip: IpAddr) -> io::Result<Option<AddressState>> {
        let vhid = entry.data.map_or(0, |data| data[abi::IFI_VHID]);
        let flags = if ip.is_ipv4() { Ok(0) } else { self.in6_flags(entry) };
        unless_gone(flags.map(|flags| of_freebsd(flags, vhid)))
    }

    fn lower_links(
        &mut self,
        entry: &Entry,
        index: &dyn Fn(&[u8]) -> Option<u32>,
    ) -> io::Result<LowerLinks> {
        let lower_links = match entry.data.map(|data| data[abi::IFI_TYPE]) {
            Some(abi::IFT_L2VLAN) => {
                self.vlan_parent(&entry.name).map(|parent| LowerLinks::Vlan(index(&parent)))
            }
            Some(abi::IFT_BRIDGE) => self.bridge_members(&entry.name).map(|members| {
                LowerLinks::Bridge(members.iter().filter_map(|name| index(name)).collect())
            }),
            _ => Ok(LowerLinks::None),
        };
        unless_gone(lower_links).map(Option::unwrap_or_default)
    }
}

/// Which VIF is behind an interface.
pub struct Vifs;

impl Vifs {
    /// Uses the kernel, not the files below `root`.
    pub fn new(_root: &Path) -> Self {
        Self
    }

    /// The VIF of a link. The link may have been renamed; the driver's unit is not the host's number.
    ///
    /// # Errors
    /// When it cannot be found out.
    pub fn find(&mut self, link: &Link) -> io::Result<Option<u32>> {
        let index = i32::try_from(link.index).unwrap_or_default();
        let row = [abi::CTL_NET, abi::PF_LINK, abi::NETLINK_GENERIC, abi::IFMIB_IFDATA];
        let mib = [&row[..], &[index, abi::IFDATA_DRIVERNAME]].concat();
        let driver = sysctl::by_mib(&mib).map(|driver| sysctl::text(&driver));
        let Some(unit) = unless_absent(driver)?.and_then(|driver| unit(&driver, DRIVER)) else {
            return Ok(None);
        };
        let path = sysctl::by_name(&format!("dev.{DRIVER}.{unit}.xenstore_path"));
        let vif = unless_absent(path)?.and_then(|path| of_path(&sysctl::text(&path)));
        if vif.is_some() { Ok(vif) } else { by_mac(link) }
    }
}

fn by_mac(link: &Link) -> io::Result<Option<u32>> {
    let Some(mac) = link.mac else { return Ok(None) };
    find(&mut Connection::open()?, "mac", |text| text.parse() == Ok(mac))
}

/// A sysctl that does not exist has no value.
fn unless_absent<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

/// The list has no flags of addresses on this system.
pub fn address_flags(_node: &libc::ifaddrs) -> u32 {
    0
}

/// An interface or address that was removed since it was listed is skipped.
fn unless_gone<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if matches!(error.raw_os_error(), Some(libc::EADDRNOTAVAIL | libc::ENXIO)) => {
            Ok(None)
        }
        result => result.map(Some),
    }
}

/// A name, padded with NULs.
fn padded(name: &[u8]) -> [u8; abi::IFNAMSIZ] {
    let mut padded = [0; abi::IFNAMSIZ];
    padded.iter_mut().take(abi::IFNAMSIZ - 1).zip(name).for_each(|(to, from)| *to = *from);
    padded
}

/// The name at the beginning of a structure.
fn name_in(structure: &[u8]) -> Vec<u8> {
    let name = structure.split(|&byte| byte == 0).next().unwrap_or_default();
    name.iter().copied().take(abi::IFNAMSIZ).collect()
}
