//! The operating system: its name and version, the kernel's release, the host's names.
//!
//! Collected once, and again when one of them changes. Asks files and uname(2) only: no process is
//! run and no name is looked up in the network.

mod appliance;
mod distribution;
mod hostname;
mod legacy_release;
mod os_release;
mod watch;

use std::path::Path;
use std::time::Duration;

use facts::{Event, Os, Outbox};
use uname::uname;

use crate::bounded_read;
use crate::failure_log::FailureLog;
use crate::poll::{WakeReason, WakeReceiver};
use distribution::Distribution;
use watch::Watch;

/// How long to wait after a change for those that come with it: an upgrade writes several files.
const CALM: Duration = Duration::from_millis(100);

/// What uname(2) tells.
#[derive(Clone, Debug, Default)]
pub struct Kernel {
    /// `uname -s`: `Linux`
    pub name: String,
    /// `uname -r`
    pub release: String,
    /// `uname -n`: the host's name, with or without its domain
    pub node_name: String,
}

/// Sends what the system below `root` is, at once and after each change, until the end.
pub fn run(wake: &WakeReceiver, outbox: &Outbox, root: &Path) {
    let (mut failures, mut reading) = (FailureLog::new("os"), FailureLog::new("os: release files"));
    // Before the first look: what changes from here on is noticed.
    let mut watch = Watch::new(root);
    let mut sent = None;
    loop {
        let seen = kernel()
            .and_then(|kernel| bounded_read::check_fd_exhaustion(|| describe(root, kernel)));
        let os = failures.record(seen);
        reading.record(distribution::check(root));
        let pause = os.is_none().then_some(bounded_read::PAUSE).or(Watch::LOOK_AGAIN);
        if os.is_some() && os != sent {
            sent = os;
            sent.iter().for_each(|os| outbox.send(Event::Os(os.clone())));
        }
        let mut woken = wake.wait(&watch.sources(), pause);
        if woken == WakeReason::Ready {
            woken = wake.wait(&[], Some(CALM));
            watch.drain();
        }
        match woken {
            WakeReason::Shutdown => return,
            // What was not there to be watched may be now.
            WakeReason::Refresh => watch = Watch::new(root),
            WakeReason::Ready | WakeReason::Timeout => {}
        }
    }
}

/// The system whose files are below `root` and which runs `kernel`.
#[must_use]
pub fn describe(root: &Path, kernel: Kernel) -> Os {
    let Distribution { pretty_name, name, id, version } = distribution::find(root, &kernel);
    let mut parts = version.iter().flat_map(|version| version.split('.')).map(str::to_owned);
    let (major, minor) = (parts.next(), parts.next());
    let (host_name, domain) = hostname::split(root, &kernel.node_name);
    let kernel_release = kernel.release;
    Os { pretty_name, name, distro: id, version, major, minor, kernel_release, host_name, domain }
}

fn kernel() -> std::io::Result<Kernel> {
    uname().map(|info| Kernel {
        name: info.sysname,
        release: info.release,
        node_name: info.nodename,
    })
}
