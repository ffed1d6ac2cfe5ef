//! Whether this process sees the system's own network, files and processes, or those of a container.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::bounded_read::link_target;

/// The first namespace of processes (`PROC_PID_INIT_INO` in the kernel's `linux/proc_ns.h`).
const FIRST_PIDS: &str = "pid:[4026531836]";

/// In which namespaces this process is. `None` is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Namespaces {
    /// Its network is another than that of process 1.
    pub has_own_network: Option<bool>,
    /// Its root directory is another than that of process 1.
    pub has_own_root: Option<bool>,
    /// Process 1 is that of a container.
    pub has_own_processes: Option<bool>,
}

/// The namespaces of this process; `root` is where `/proc` is looked for.
#[must_use]
pub fn namespaces(root: &Path) -> Namespaces {
    let namespace = |path: &str| link_target(&root.join("proc").join(path));
    let directory = |path: &Path| fs::metadata(path).map(|at| (at.dev(), at.ino())).ok();
    let differs = |first: bool| !first;
    Namespaces {
        has_own_network: namespace("1/ns/net")
            .zip(namespace("self/ns/net"))
            .map(|(first, own)| differs(first == own)),
        has_own_root: directory(&root.join("proc/1/root"))
            .zip(directory(&root.join("proc/self/root")))
            .map(|(first, own)| differs(first == own)),
        has_own_processes: namespace("1/ns/pid")
            .map(|first| differs(first == Path::new(FIRST_PIDS))),
    }
}
