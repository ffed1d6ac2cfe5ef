//! The operating system: its name and version, the kernel's release, the host's names.
//!
//! Collected once, and again on a refresh. Asks files and uname(2) only: no process is run and no
//! name is looked up in the network.

mod distribution;
mod domain;
mod os_release;
mod release_files;

use std::path::Path;

use facts::{Event, Os, Outbox};
use uname::uname;

use crate::health::Health;
use crate::wait::{Wake, Woken};
use distribution::Distribution;

/// What uname(2) tells.
#[derive(Clone, Debug, Default)]
pub struct Kernel {
    /// `uname -r`
    pub release: String,
    /// `uname -n`: the host's name, with or without its domain
    pub node_name: String,
}

/// Sends what the system below `root` is, again on each refresh, until the end.
pub fn run(wake: &Wake, outbox: &Outbox, root: &Path) {
    let mut health = Health::new("os: uname");
    loop {
        if let Some(kernel) = health.note(kernel()) {
            outbox.send(Event::Os(describe(root, kernel)));
        }
        if wake.wait(None, None) == Woken::End {
            return;
        }
    }
}

/// The system whose files are below `root` and which runs `kernel`.
#[must_use]
pub fn describe(root: &Path, kernel: Kernel) -> Os {
    let Distribution { pretty_name, name, id, version } = distribution::find(root);
    let mut parts = version.iter().flat_map(|version| version.split('.')).map(str::to_owned);
    let (major, minor) = (parts.next(), parts.next());
    let (host_name, domain) = domain::split(root, &kernel.node_name);
    let kernel_release = kernel.release;
    Os { pretty_name, name, distro: id, version, major, minor, kernel_release, host_name, domain }
}

fn kernel() -> std::io::Result<Kernel> {
    uname().map(|info| Kernel { release: info.release, node_name: info.nodename })
}
