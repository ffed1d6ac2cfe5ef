//! Confinement of the running agent: the status of its threads in `/proc`, kernels that lack system calls,
//! and files that it must be able to read. `sandbox/traced.rs` has the system calls that it makes.
//! `src/sandbox/linux/tests.rs` tries what a confined thread cannot do. `tests/libcs` runs the tests of
//! this module with other C libraries.

mod traced;

use super::harness::{Agent, FIRST_TREE, Guest, Nodes, OS_RELEASE};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch, apply_filter};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// The name of each thread, and the lines of its status that show its confinement.
fn threads(agent: &Agent) -> Vec<(String, String)> {
    let shown = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp:"];
    let tasks = fs::read_dir(format!("/proc/{}/task", agent.pid())).unwrap();
    let describe = |status: String| {
        let name = status.lines().next().unwrap().to_string();
        let lines = status.lines().filter(|line| shown.iter().any(|field| line.starts_with(field)));
        (name, lines.map(|line| line.replace('\t', " ") + "\n").collect())
    };
    tasks
        .map(|task| describe(fs::read_to_string(task.unwrap().path().join("status")).unwrap()))
        .collect()
}

#[test]
fn every_thread_has_one_capability_no_new_privs_and_a_filter() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    let threads = threads(&agent);
    assert!(threads.len() > 8, "{threads:?}");
    for (name, confinement) in threads {
        assert_eq!(
            confinement,
            "CapInh: 0000000000000000\nCapPrm: 0000000000000004\nCapEff: 0000000000000004\n\
             CapBnd: 0000000000000004\nCapAmb: 0000000000000000\nNoNewPrivs: 1\nSeccomp: 2\n",
            "{name}"
        );
    }
}

#[test]
fn no_sandbox_option_leaves_threads_without_filter() {
    let guest = Guest::new();
    let agent = guest.published(&["--no-sandbox"]);
    for (name, confinement) in threads(&agent) {
        assert!(confinement.ends_with("NoNewPrivs: 0\nSeccomp: 0\n"), "{name}: {confinement}");
    }
}

/// A filter that simulates an older kernel: these calls fail with `ENOSYS`.
fn without_calls(calls: impl IntoIterator<Item = libc::c_long>) -> BpfProgram {
    let missing = calls.into_iter().map(|call| (call, Vec::new())).collect();
    let (others, these) = (SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS as u32));
    let processor = TargetArch::try_from(std::env::consts::ARCH).unwrap();
    SeccompFilter::new(missing, others, these, processor).unwrap().try_into().unwrap()
}

/// Makes the command run with that filter.
#[allow(unsafe_code, reason = "a system call")]
pub fn on_kernel_without(command: &mut Command, calls: impl IntoIterator<Item = libc::c_long>) {
    let filter = without_calls(calls);
    // SAFETY: between fork and exec, the closure makes two system calls and takes no lock.
    unsafe { command.pre_exec(move || apply_filter(&filter).map_err(std::io::Error::other)) };
}

/// The log lines of the sandbox.
fn lines_of_sandbox(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains("sandbox")).collect()
}

// Linux before 5.13 has no Landlock, before 3.17 no seccomp(2).
#[test]
fn kernel_without_landlock_and_seccomp_is_logged_once_and_all_keys_are_published() {
    let guest = Guest::new();
    let mut command = guest.command(&["-s"]);
    on_kernel_without(&mut command, [libc::SYS_landlock_create_ruleset, libc::SYS_seccomp]);
    let agent = Agent::spawn(command);
    guest.wait_tree(FIRST_TREE);
    let log = agent.stop("TERM").stderr;
    let lines = lines_of_sandbox(&log);
    assert_eq!(lines.len(), 1, "{log}");
    assert!(lines[0].starts_with("info: sandbox: Landlock ("), "{log}");
    assert!(lines[0].contains(", seccomp ("), "{log}");
}

/// The numbers of the system calls that x86-64 got in Linux 3.8 (finit_module) or later: getrandom,
/// seccomp, statx, openat2, clone3, rseq and Landlock's are among them.
#[cfg(target_arch = "x86_64")]
const SINCE_3_8: std::ops::Range<libc::c_long> = libc::SYS_finit_module..600;

#[cfg(target_arch = "x86_64")]
#[test]
fn kernel_without_calls_since_3_8_all_changes_are_published() {
    let guest = Guest::new();
    let mut command = guest.command(&["-s", "--memory-interval", "1"]);
    on_kernel_without(&mut command, SINCE_3_8);
    let agent = Agent::spawn(command);
    guest.wait_tree(FIRST_TREE);
    change_everything(&guest, || agent.signal("HUP"));
    guest.wait_value("data/os_majorver", "14");
    let end = agent.stop("TERM");
    assert_eq!(end.code, Some(0), "{end:?}");
    let refused = end.stderr.lines().filter(|line| line.contains("os error 38"));
    assert_eq!(refused.collect::<Vec<_>>(), lines_of_sandbox(&end.stderr));
}

// On some systems `/etc/hosts` is a link into `/run`, which Landlock's other rules do not allow.
#[test]
fn domain_is_read_from_hosts_behind_a_link_out_of_etc() {
    let guest = Guest::new();
    guest.host_name("guest");
    guest.file("/run/hosts.d/hosts", "192.0.2.10 guest.example.net guest\n");
    guest.sh("ln -sf /run/hosts.d/hosts /etc/hosts");
    let _agent = guest.published(&[]);
    guest.wait_value("data/domain", "example.net");
}

// A C library may make a call that the filter does not allow. Here it is readlink: the links in sysfs
// cannot be read, but no volume or driver may be removed.
#[test]
fn refused_call_is_logged_once_and_removes_no_key() {
    let guest = Guest::new();
    let disk = guest.ext4();
    guest.mount(&disk, "a");
    let agent = guest.published(&[]);
    let before = guest.wait(|tree| tree.contains_key("data/volumes/0/free"));
    assert_eq!(agent.stop("TERM").code, Some(0));
    let mut command = guest.command(&["-s"]);
    on_kernel_without(&mut command, [libc::SYS_readlinkat, SYS_READLINK]);
    let agent = Agent::spawn(command);
    agent.wait_logged("warn: drivers: Function not implemented");
    agent.wait_logged("warn: disks: devices: Function not implemented");
    guest.sync_with_agent();
    let kept = |tree: &Nodes| -> Vec<_> {
        let is_kept = |key: &str| key.starts_with("data/volumes") || key.starts_with("drivers");
        tree.clone().into_iter().filter(|(key, _)| is_kept(key)).collect()
    };
    guest.ip("addr del 203.0.113.1/32 dev eth0");
    assert_eq!(kept(&guest.tree()), kept(&before));
    let log = agent.stop("TERM").stderr;
    assert_eq!(log.matches("Function not implemented").count(), 2, "{log}");
}

/// The older call, if the architecture has it.
#[cfg(target_arch = "x86_64")]
const SYS_READLINK: libc::c_long = libc::SYS_readlink;
#[cfg(not(target_arch = "x86_64"))]
const SYS_READLINK: libc::c_long = libc::SYS_readlinkat;

/// Changes everything that a collector reads.
fn change_everything(guest: &Guest, reload: impl Fn()) {
    guest.ip("addr add 192.0.2.77/24 dev eth0");
    guest.vif("eth1", 1);
    guest.wait_value("attr/vif/1/name", "eth1");
    guest.host_name("other.example.org");
    guest.file("/etc/os-release", &OS_RELEASE.replace("12", "13"));
    guest.wait_value("data/os_majorver", "13");
    let disk = guest.ext4();
    guest.mount(&disk, "a");
    guest.wait_value("data/volumes/0/mount_points/0", "/mnt/a");
    guest.wait(|tree| tree.contains_key("data/volumes/0/free"));
    guest.sh("umount /mnt/a");
    guest.wait_gone("data/volumes/0/mount_points/0");
    guest.file("/run/reboot-required", "");
    guest.wait(|tree| tree.keys().any(|key| key.contains("reboot")));
    guest.link("vf0", 7);
    guest.ip("addr add 198.51.100.7/24 dev vf0");
    guest.plug_vf(0, "00:16:3e:00:00:07");
    guest.wait(|tree| tree.keys().any(|key| key.starts_with("xenserver/attr/net-sriov-vf/0")));
    guest.driver("vbd", "xen_blkfront", &["vbd-51712"]);
    reload();
    guest.wait(|tree| tree.values().any(|value| value.contains("xen-blkfront")));
    guest.recreate_tree();
    guest.wait_value("attr/vif/1/name", "eth1");
    guest.file("/etc/os-release", &OS_RELEASE.replace("12", "14"));
}

// A directory that other users cannot enter, such as /var/lib/pgsql.
#[test]
fn volume_below_a_directory_of_mode_700_has_free() {
    let guest = Guest::new();
    let disk = guest.ext4();
    guest.sh("mkdir -p /mnt/closed; chown 12345 /mnt/closed; chmod 700 /mnt/closed");
    guest.mount(&disk, "closed/data");
    let _agent = guest.published(&[]);
    guest.wait(|tree| tree.contains_key("data/volumes/0/free"));
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn allowed_calls() -> BTreeSet<String> {
    let code = read("src/sandbox/linux/syscall_allowlist.rs");
    let identifiers = code.split(|c: char| !c.is_alphanumeric() && c != '_');
    identifiers.filter_map(|name| name.strip_prefix("SYS_")).map(str::to_owned).collect()
}

#[test]
fn security_md_lists_exactly_the_allowed_system_calls() {
    let page = read("SECURITY.md");
    let (_, table) = page.split_once("| call | why |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let calls = table.lines().filter_map(|row| row.split('|').nth(1));
    let written: BTreeSet<String> =
        calls.flat_map(|calls| calls.split('`').skip(1).step_by(2)).map(str::to_owned).collect();
    assert_eq!(written, allowed_calls());
}
