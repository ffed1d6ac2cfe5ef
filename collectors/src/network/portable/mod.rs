//! The network by getifaddrs(3): what the BSDs have in common. A socket says when to look again, and
//! nothing that comes from it is parsed.
//!
//! Lost events lose nothing, since a full socket is one that says so. Also built on Linux, where the
//! tests of the netlink collector run on it (feature `portable-network`).

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

use std::cell::RefCell;
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
use crate::failure_log::FailureLog;
use crate::poll::{PollSource, WakeReason, WakeReceiver};

/// Delay before the next look after a failure.
const PAUSE: Duration = Duration::from_secs(5);
/// Delay before the next look while an address is tentative: FreeBSD sends nothing when duplicate
/// detection ends.
const TENTATIVE: Duration = Duration::from_secs(1);
/// The longest delay before the next look.
const LONGEST: Duration = Duration::from_secs(60);

/// Sends the network as the kernel has it, at once and after each change, until the end. `root` is where
/// the system's files are; `exclude` says which NICs are left out.
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

struct Reader<'a> {
    exclude: &'a Exclude,
    vifs: Vifs,
    /// The VIF behind an interface of this index and name. An index may be given again.
    known: BTreeMap<(u32, Vec<u8>), u32>,
    sent: Option<Network>,
}

impl Reader<'_> {
    /// Looks, and looks again whenever the monitor says so, until the end.
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
            // Before the look: what changes from here on is noticed.
            monitor.drain()?;
            let is_tentative = self.look(outbox)?;
            failures.ok();
            let delay = debounce.delay();
            match wake.wait(&[], Some(delay)) {
                WakeReason::Shutdown => return Ok(()),
                WakeReason::Refresh => continue,
                WakeReason::Ready | WakeReason::Timeout => {}
            }
            if wake.wait(&sources, Some(Duration::ZERO)) == WakeReason::Ready {
                continue;
            }
            debounce.calm();
            let longest = if is_tentative { TENTATIVE } else { LONGEST };
            if wake.wait(&sources, Some(longest)) == WakeReason::Shutdown {
                return Ok(());
            }
        }
    }

    /// Sends what there is now, if it differs; whether an address is tentative.
    fn look(&mut self, outbox: &Outbox) -> io::Result<bool> {
        let list = getifaddrs::list(Kernel::LAYOUT)?;
        let Interfaces { messages, is_tentative } = interfaces::read(&list, &mut Kernel::new()?)?;
        let seen = RefCell::new(BTreeMap::new());
        let mut table = Table::default();
        for message in messages {
            table.apply(message, |link| {
                let key = (link.index, link.name.clone());
                let vif = self.known.get(&key).copied().or_else(|| self.vifs.find(link));
                seen.borrow_mut().extend(vif.map(|vif| (key, vif)));
                vif.into()
            });
        }
        self.known = seen.into_inner();
        table.set_route_sources(default_route::sources());
        let network = table.network(self.exclude);
        if self.sent.as_ref() != Some(&network) {
            outbox.send(Event::Network(network.clone()));
            self.sent = Some(network);
        }
        Ok(is_tentative)
    }
}
