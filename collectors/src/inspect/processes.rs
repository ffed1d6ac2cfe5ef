//! Processes of guest agents, ours and others, from `/proc`. What belongs to a container with a network of its
//! own is left out: it serves no guest.

use std::path::{Path, PathBuf};

use facts::decimal;

use crate::bounded_read::{entries, exists, first_line, link_target, text};

/// The names of agents' processes. The kernel keeps 15 characters.
const NAMES: [&str; 2] = ["xen-guest-agent", "xe-daemon"];

/// A process of a guest agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its name: `xen-guest-agent`, `xe-daemon`.
    pub name: String,
    /// Its arguments, without that of its name.
    pub arguments: Vec<String>,
    /// Its environment, as `NAME=VALUE`; empty where it cannot be read.
    pub environment: Vec<String>,
    /// Its program was replaced or removed since it started.
    pub is_replaced: bool,
}

/// The agents that run, but for this process; `None` where there is no `/proc`.
#[must_use]
pub fn agents(root: &Path) -> Option<Vec<Process>> {
    let proc = root.join("proc");
    let own = link_target(&proc.join("self"))?;
    let own_network = network(&proc.join("self"));
    let mut found: Vec<Process> = entries(&proc)
        .map(|entry| entry.path())
        .filter(|path| path.file_name() != own.file_name())
        .filter_map(|path| process(&path, own_network.as_deref()))
        .collect();
    found.sort_unstable_by_key(|process| process.pid);
    Some(found)
}

fn network(process: &Path) -> Option<PathBuf> {
    link_target(&process.join("ns/net"))
}

fn process(path: &Path, own_network: Option<&Path>) -> Option<Process> {
    let pid = decimal(path.file_name()?.to_str()?)?;
    let name = first_line(&path.join("comm")).filter(|name| NAMES.contains(&name.as_str()))?;
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
    arguments.remove(0);
    let program = link_target(&path.join("exe"));
    // The kernel adds it to the path of a file that was unlinked (`d_path` in `fs/d_path.c`).
    let is_replaced = program.is_some_and(|program| is_deleted(&program));
    Some(Process { pid, name, arguments, environment: strings("environ"), is_replaced })
}

fn is_deleted(program: &Path) -> bool {
    program.to_string_lossy().ends_with(" (deleted)") && !exists(program)
}

impl Process {
    /// The value of an environment variable.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        let value = |setting: &String| Some(setting.strip_prefix(name)?.strip_prefix('=')?.into());
        self.environment.iter().find_map(value)
    }
}
