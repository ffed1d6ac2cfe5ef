//! The agent's use of resources, from /proc, and the size of its heap, from `shim/live.c`.

use crate::harness::Guest;
use crate::harness::preload::{can_preload, preload};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Figures of one checkpoint.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    /// Proportional set size, in KiB.
    pub pss: u64,
    /// Anonymous memory (heap, stacks, data), swapped out or not, in KiB.
    pub own: u64,
    pub fds: usize,
    pub threads: usize,
}

impl Sample {
    pub fn of(pid: u32) -> Sample {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
        let kib = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.split_whitespace().next().unwrap().parse().unwrap()
        };
        let entries = |what: &str| fs::read_dir(format!("/proc/{pid}/{what}")).unwrap().count();
        Sample {
            pss: kib("Pss:"),
            own: kib("Anonymous:") + kib("Swap:"),
            fds: entries("fd"),
            threads: entries("task"),
        }
    }
}

/// The processor time of a process, in ticks of 10 ms.
pub fn ticks(pid: u32) -> u64 {
    let fields = stat(pid);
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

pub fn is_running(pid: u32) -> bool {
    !["Z", "X"].contains(&stat(pid)[0].as_str())
}

/// The fields of proc_pid_stat(5) from the state on: the name before it may contain blanks.
fn stat(pid: u32) -> Vec<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, fields) = text.rsplit_once(')').unwrap();
    fields.split_whitespace().map(str::to_owned).collect()
}

/// Makes the agent of this command count the bytes that it has allocated and not freed.
pub fn count_heap(guest: &Guest, command: &mut Command) {
    if can_preload() {
        command.env("LIVE_BYTES", heap_file(guest));
        preload(command, "live", &["live.c"]);
    }
}

/// The bytes that the agent has allocated and not freed. None where nothing can be preloaded.
pub fn heap(guest: &Guest) -> Option<i64> {
    let bytes = fs::read(heap_file(guest)).ok()?;
    Some(i64::from_ne_bytes(bytes.try_into().unwrap()))
}

fn heap_file(guest: &Guest) -> PathBuf {
    guest.socket().with_file_name("live")
}
