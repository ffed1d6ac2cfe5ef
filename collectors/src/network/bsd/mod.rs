//! The BSDs: lists by getifaddrs(3), after the messages of a route socket.
//!
//! Also built on Linux, for the tests of the other lister (feature `portable-network`).

#[cfg_attr(target_os = "linux", path = "../linux/changes.rs")]
mod changes;
mod default_route;
mod getifaddrs;
#[cfg(not(target_os = "linux"))]
mod ioctl;
#[cfg_attr(target_os = "freebsd", path = "freebsd.rs")]
#[cfg_attr(target_os = "netbsd", path = "netbsd.rs")]
#[cfg_attr(target_os = "linux", path = "tests/linux.rs")]
mod kernel;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use self::changes::Changes;
use self::kernel::{Kernel, Vifs};
use super::interfaces::{self, Interfaces, Platform};
use super::rtnetlink::Link;
use super::snapshot::Snapshot;
use crate::poll::PollSource;

/// Delay before the next list after one that lacks a VIF.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);
/// Delay before the next list while an address is tentative: FreeBSD sends no message when duplicate address
/// detection ends.
const TENTATIVE_INTERVAL: Duration = Duration::from_secs(1);
/// The longest delay before the next list.
const LIST_INTERVAL: Duration = Duration::from_secs(60);

/// Lists links and addresses.
pub struct Lister {
    changes: Changes,
    vifs: Vifs,
    /// The VIFs that were found, by index and name: an index may be used again.
    known: BTreeMap<(u32, Vec<u8>), u32>,
    snapshot: Snapshot,
}

impl Lister {
    /// Subscribes to the changes. The system's files are below `root`.
    ///
    /// # Errors
    /// When the socket cannot be opened.
    pub fn open(root: &Path) -> io::Result<Self> {
        let (changes, vifs) = (Changes::open()?, Vifs::new(root));
        Ok(Self { changes, vifs, known: BTreeMap::new(), snapshot: Snapshot::default() })
    }

    /// Becomes readable with the next change.
    pub fn changes(&self) -> PollSource {
        self.changes.poll_source()
    }

    /// What there is now.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub fn list(&mut self) -> io::Result<&Snapshot> {
        // First, so that no later change is missed.
        self.changes.drain()?;
        let list = getifaddrs::list(Kernel::LAYOUT)?;
        let Interfaces { mut links, addresses, is_tentative } =
            interfaces::read(&list, &mut Kernel::new()?)?;
        let vif_error = self.find_vifs(&mut links);
        let again = match &vif_error {
            Some(_) => RETRY_INTERVAL,
            None if is_tentative => TENTATIVE_INTERVAL,
            None => LIST_INTERVAL,
        };
        let (route_sources, again) = (default_route::sources(), Some(again));
        self.snapshot = Snapshot { links, addresses, route_sources, vif_error, again };
        Ok(&self.snapshot)
    }

    fn find_vifs(&mut self, links: &mut [Link]) -> Option<io::Error> {
        let (known, mut failure) = (std::mem::take(&mut self.known), None);
        for link in links {
            let key = (link.index, link.name.clone());
            let vif = known.get(&key).map_or_else(|| self.vifs.find(link), |vif| Ok(Some(*vif)));
            link.vif = vif.unwrap_or_else(|error| {
                failure = Some(error);
                None
            });
            self.known.extend(link.vif.map(|vif| (key, vif)));
        }
        failure
    }
}
