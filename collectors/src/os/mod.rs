//! The operating system: its name and version, the kernel's release, the host's names.
//!
//! Collected at the start and when one of them changes. Reads only files and uname(2): runs no program and sends
//! no network request.

mod appliance;
mod find;
mod hostname;
mod legacy_release;
mod os_release;
mod watch;

use std::cell::RefCell;
use std::path::Path;

use facts::{Event, Os, Outbox};
use uname::uname;

use crate::bounded_read;
use crate::failure_log::FailureLog;
use crate::poll::WakeReceiver;
use crate::watch_loop;
use find::{Distribution, numbers};
use watch::OsWatch;

/// The result of uname(2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kernel {
    /// `uname -s`: `Linux`
    pub name: String,
    /// `uname -r`
    pub release: String,
    /// `uname -n`: the host's name, with or without its domain
    pub node_name: String,
}

/// Sends the operating system below `root`, at once and after each change, until the end.
pub fn run(wake: &WakeReceiver, outbox: &Outbox, root: &Path) {
    let mut release_files = FailureLog::new("os: release files");
    let collected = RefCell::new(Kernel::default());
    let collect = || {
        let kernel = kernel()?;
        collected.replace(kernel.clone());
        release_files.record(find::check(root));
        bounded_read::check_fd_exhaustion(|| describe(root, kernel))
    };
    let (loop_of, new_watch) = (("os", watch_loop::INTERVAL), || OsWatch::new(root, &collected));
    watch_loop::run((wake, outbox), loop_of, new_watch, collect, Event::Os);
}

/// The system whose files are below `root` and which runs `kernel`.
#[must_use]
pub fn describe(root: &Path, kernel: Kernel) -> Os {
    let Distribution { pretty_name, name, id, version } = find::find(root, &kernel);
    let numbers = version.as_deref().map(numbers).unwrap_or_default();
    let number = |at: usize| numbers.get(at).map(|&number| number.to_owned());
    let (major, minor) = (number(0), number(1));
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
