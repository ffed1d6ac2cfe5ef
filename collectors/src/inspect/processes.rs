//! Processes of guest agents, ours and others, from `/proc`. What belongs to a container with a network of its
//! own is left out: it serves no guest.
//!
//! A user may call a process as he likes, and give it any arguments. So agents are root's processes, and the program that
//! runs is what counts, not the name of the process or of a script.

use std::path::{Path, PathBuf};

use facts::decimal;

use crate::bounded_read::{check_fd_exhaustion, entries, exists, link_target, text};

/// The file names of agents' programs.
const NAMES: [&str; 2] = ["xen-guest-agent", "xe-daemon"];

/// A process of a guest agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// The file name of its program: `xen-guest-agent`, `xe-daemon`.
    pub name: String,
    /// Its arguments, without that of its name.
    pub arguments: Vec<String>,
    /// Its environment, as `NAME=VALUE`; empty where it cannot be read.
    pub environment: Vec<String>,
    /// Its program was replaced or removed since it started.
    pub is_replaced: bool,
}

/// The agents that run, but for this process; `None` where there is no `/proc`, or it cannot be read.
#[must_use]
pub fn agents(root: &Path) -> Option<Vec<Process>> {
    let proc = root.join("proc");
    let own = link_target(&proc.join("self"))?;
    let own_network = network(&proc.join("self"));
    let list = || -> Vec<Process> {
        let paths = entries(&proc).map(|entry| entry.path());
        let others = paths.filter(|path| path.file_name() != own.file_name());
        others.filter_map(|path| process(&path, own_network.as_deref())).collect()
    };
    let mut found = check_fd_exhaustion(list).ok()?;
    found.sort_unstable_by_key(|process| process.pid);
    Some(found)
}

fn network(process: &Path) -> Option<PathBuf> {
    link_target(&process.join("ns/net"))
}

fn process(path: &Path, own_network: Option<&Path>) -> Option<Process> {
    let pid = decimal(path.file_name()?.to_str()?)?;
    if !is_of_root(path) {
        return None;
    }
    let program = link_target(&path.join("exe"));
    // Before the arguments, which a process that ends loses before its namespaces (`do_exit` in `kernel/exit.c`): one
    // without a network has none.
    let network = network(path);
    if network.is_some() && network.as_deref() != own_network {
        return None;
    }
    let strings = |file: &str| -> Vec<String> {
        let text = text(&path.join(file)).unwrap_or_default();
        text.split_terminator('\0').map(str::to_owned).collect()
    };
    let mut arguments = strings("cmdline");
    // A process that has ended and was not waited for has none.
    if arguments.is_empty() {
        return None;
    }
    // Only root may read which program root's processes run. Other users are told what root calls it.
    let first = PathBuf::from(arguments.remove(0));
    let is_replaced = program.as_deref().is_some_and(is_deleted);
    let name = program.unwrap_or(first).file_name()?.to_string_lossy().into_owned();
    let name = name.strip_suffix(DELETED).filter(|_| is_replaced).unwrap_or(&name).to_owned();
    if !NAMES.contains(&name.as_str()) {
        return None;
    }
    Some(Process { pid, name, arguments, environment: strings("environ"), is_replaced })
}

/// Whether root started the process, and it is root's still. The owner of its files in `/proc` does not tell: that is root
/// for a process whose program its user may not read (proc(5), `PR_SET_DUMPABLE`).
fn is_of_root(process: &Path) -> bool {
    let status = text(&process.join("status")).unwrap_or_default();
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    ids.is_some_and(|ids| ids.split_whitespace().all(|id| id == "0"))
}

/// What the kernel adds to the path of a file that was unlinked (`d_path` in `fs/d_path.c`).
const DELETED: &str = " (deleted)";

fn is_deleted(program: &Path) -> bool {
    program.to_string_lossy().ends_with(DELETED) && !exists(program)
}

impl Process {
    /// The value of an environment variable.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        let value = |setting: &String| Some(setting.strip_prefix(name)?.strip_prefix('=')?.into());
        self.environment.iter().find_map(value)
    }
}
