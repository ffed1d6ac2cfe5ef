//! The network by getifaddrs(3), for all BSDs. A message on a socket means that the list must be read again; the
//! message itself is not parsed.
//!
//! A lost message does no harm, since an overflow is reported too. Also built on Linux, for the tests of the
//! netlink collector (feature `portable-network`).

mod debounce;
mod default_route;
mod getifaddrs;
#[cfg(not(target_os = "linux"))]
mod ioctl;
#[cfg_attr(target_os = "freebsd", path = "freebsd.rs")]
#[cfg_attr(target_os = "netbsd", path = "netbsd.rs")]
#[cfg_attr(target_os = "linux", path = "linux.rs")]
mod kernel;
#[cfg_attr(target_os = "linux", path = "netlink_monitor.rs")]
#[cfg_attr(not(target_os = "linux"), path = "route_monitor.rs")]
mod monitor;

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::Duration;

use facts::{Event, Network, Outbox};

use self::debounce::Debounce;
use self::kernel::{Kernel, Vifs};
use self::monitor::Monitor;
use super::Exclude;
use super::interfaces::{self, Interfaces, System};
use super::link_table::Table;
use super::rtnetlink::{Link, Payload};
use crate::failure_log::FailureLog;
use crate::poll::{PollSource, WakeReason, WakeReceiver};

/// Delay before the next read after a failure.
const PAUSE: Duration = Duration::from_secs(5);
/// Delay before the next read while an address is tentative: FreeBSD sends no message when duplicate address
/// detection ends.
const TENTATIVE: Duration = Duration::from_secs(1);
/// The longest delay before the next read.
const LONGEST: Duration = Duration::from_secs(60);

/// Sends the kernel's network, at once and after each change, until shutdown. The system's files are below
/// `root`; `exclude` has the NICs to skip.
pub fn run(wake: &WakeReceiver, outbox: &Outbox, root: &Path, exclude: &Exclude) {
    let mut failures = FailureLog::new("network");
    let mut reader = Reader { exclude, vifs: Vifs::new(root), known: BTreeMap::new(), sent: None };
    loop {
        match reader.follow(wake, outbox, &mut failures) {
            Ok(()) => return,
            Err(error) => failures.failed(&error),
        }
        if wake.wait(&[], Some(PAUSE)) == WakeReason::Shutdown {
            return;
        }
    }
}

/// The links and addresses as they are now.
///
/// # Errors
/// When the kernel cannot be asked.
pub fn read_table(root: &Path) -> io::Result<Table> {
    let exclude = &Exclude::default();
    let mut reader = Reader { exclude, vifs: Vifs::new(root), known: BTreeMap::new(), sent: None };
    reader.table().map(|(table, _)| table)
}

/// The VIF of an interface with this index and name. An index may be used again.
type Known = BTreeMap<(u32, Vec<u8>), u32>;

struct Reader<'a> {
    exclude: &'a Exclude,
    vifs: Vifs,
    known: Known,
    sent: Option<Network>,
}

impl Reader<'_> {
    /// Reads the network, and again after each message of the monitor, until shutdown.
    fn follow(
        &mut self,
        wake: &WakeReceiver,
        outbox: &Outbox,
        failures: &mut FailureLog,
    ) -> io::Result<()> {
        let monitor = Monitor::new()?;
        let sources = [PollSource::PollIn(monitor.as_raw_fd())];
        let mut debounce = Debounce::default();
        loop {
            // Before the network is read, so that no later change is missed.
            monitor.drain()?;
            let is_tentative = self.look(outbox)?;
            failures.ok();
            let delay = debounce.delay();
            match wake.wait(&[], Some(delay)) {
                WakeReason::Shutdown => return Ok(()),
                WakeReason::Refresh => continue,
                WakeReason::Ready | WakeReason::Timeout => {}
            }
            match wake.wait(&sources, Some(Duration::ZERO)) {
                WakeReason::Shutdown => return Ok(()),
                WakeReason::Ready | WakeReason::Refresh => continue,
                WakeReason::Timeout => {}
            }
            debounce.calm();
            let longest = if is_tentative { TENTATIVE } else { LONGEST };
            if wake.wait(&sources, Some(longest)) == WakeReason::Shutdown {
                return Ok(());
            }
        }
    }

    /// The VIF of a link. An error is not taken for "no VIF", since the link's keys would be removed.
    fn vif(&mut self, link: &Link, known: &Known) -> io::Result<Option<u32>> {
        let key = (link.index, link.name.clone());
        let vif = match known.get(&key) {
            Some(vif) => Some(*vif),
            None => self.vifs.find(link)?,
        };
        self.known.extend(vif.map(|vif| (key, vif)));
        Ok(vif)
    }

    /// What there is now, and whether an address is tentative.
    fn table(&mut self) -> io::Result<(Table, bool)> {
        let list = getifaddrs::list(Kernel::LAYOUT)?;
        let Interfaces { messages, is_tentative } = interfaces::read(&list, &mut Kernel::new()?)?;
        let mut table = Table::default();
        let known = std::mem::take(&mut self.known);
        for message in messages {
            let vif = match &message {
                Payload::Link(link) => self.vif(link, &known)?,
                _ => None,
            };
            table.apply(message, |_| vif.into());
        }
        table.set_route_sources(default_route::sources());
        Ok((table, is_tentative))
    }

    /// Sends the present network if it has changed; returns whether an address is tentative.
    fn look(&mut self, outbox: &Outbox) -> io::Result<bool> {
        let (table, is_tentative) = self.table()?;
        let network = table.network(self.exclude);
        if self.sent.as_ref() != Some(&network) {
            outbox.send(Event::Network(network.clone()));
            self.sent = Some(network);
        }
        Ok(is_tentative)
    }
}
