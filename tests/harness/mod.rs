//! The environment of the tests of the whole program: a guest's machine (`world`, `disks`, `kernel`), its
//! host's xenstored (`xenstored`, `layout`, `ring`, `wire`, `changes`, `trace`), both together (`guest`,
//! `guest_tree`, `checks`, `tree`), faults (`faults`, `proxy`, `clock`, `blocked_call`), NICs that Xen does not drive
//! (`kinds`) and the program (`agent`). Each test makes its own; tests share nothing.

mod agent;
mod blocked_call;
mod changes;
mod checks;
mod clock;
mod device;
mod disks;
mod faults;
mod guest;
mod guest_tree;
mod kernel;
mod kinds;
mod layout;
pub mod preload;
mod proxy;
mod ring;
mod trace;
mod tree;
mod wire;
mod world;
mod xenstored;

pub use agent::{Agent, Finished, program};
pub use blocked_call::block_call;
pub use changes::WatchCounter;
pub use checks::DOORBELL;
pub use clock::{Clock, Jump};
pub use disks::{Disk, HungFuse};
pub use faults::waiting_and_dropped;
pub use guest::Guest;
pub use kernel::Kernel;
pub use layout::Layout;
pub use proxy::{Message, Proxy, ProxyAction};

pub use trace::TracePosition;
pub use tree::{FIRST_TREE, OS_RELEASE, of_this_machine};
pub use wire::{Nodes, Store, WATCH, strings};
pub use xenstored::Daemon;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The longest time for which a test waits for an expected event. Only a failing test waits this long.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// How long an agent may take to end while xenstored does not answer: its 3 s, and one for a busy machine.
pub const SHUTDOWN: Duration = Duration::from_secs(4);

/// Polls a condition until it is true; false if it is not true in time.
pub fn wait_for(patience: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + patience;
    while !condition() {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}

/// A directory, removed when dropped. Its path is short: that of a socket has 107 bytes at most.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Scratch {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("xga-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
