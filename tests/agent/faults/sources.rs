//! A collector's source fails, comes back, or is missing: the others go on; one line each way.

use super::super::harness::{Agent, FIRST_TREE, Guest, OS_RELEASE};
use super::{assert_calm, without};
use std::fs;
use std::os::unix::process::CommandExt;

/// The tree of a fresh guest without what this source tells.
fn tree_without(heads: &[&str]) -> String {
    let stays = |line: &&str| !heads.iter().any(|head| line.starts_with(head));
    FIRST_TREE.lines().filter(stays).collect::<Vec<_>>().join("\n")
}

/// Checks that the others go on: an address shows.
fn others_go_on(guest: &Guest) {
    guest.ip("addr add 198.51.100.1/32 dev eth0");
    guest.wait(|tree| tree.values().any(|value| value == "198.51.100.1"));
    guest.ip("addr del 198.51.100.1/32 dev eth0");
    guest.wait(|tree| tree.values().all(|value| value != "198.51.100.1"));
}

/// Ends the agent, whose log tells of this source once that it fails, and once that it is well.
fn told_once_each_way(agent: Agent, source: &str) {
    agent.wait_logged(&format!("info: {source}: recovered"));
    let log = agent.stop("TERM").stderr;
    assert_calm(&log, 1);
    assert_eq!(log.matches(&format!("warn: {source}: ")).count(), 1, "{log}");
    assert_eq!(log.matches(&format!("info: {source}: recovered")).count(), 1, "{log}");
}

// What it has told stands until it tells again.
#[test]
fn meminfo_that_fails_keeps_the_keys() {
    let guest = Guest::new();
    let agent = guest.published(&["--memory-interval", "1"]);
    let whole = fs::read(guest.path("/proc/meminfo")).unwrap();
    for broken in ["", "MemTotal: many kB\n"] {
        fs::write(guest.path("/proc/meminfo"), broken).unwrap();
        agent.wait_logged("warn: memory: /proc/meminfo: ");
        others_go_on(&guest);
        guest.wait_tree(FIRST_TREE);
    }
    fs::write(guest.path("/proc/meminfo"), whole).unwrap();
    told_once_each_way(agent, "memory");
}

// A /proc with nothing in it but what makes it a guest: no meminfo, mounts, host name, boot id. What is
// mounted after the start is closed to an agent that is confined: it is there with the next start.
#[test]
fn empty_proc_then_the_real_one() {
    let guest = Guest::new();
    guest.sh("mount -t tmpfs none /proc && mkdir /proc/xen && : >/proc/xen/capabilities");
    let boot_id = "data/service/xen-guest-agent/boot-id";
    let told = tree_without(&["data/meminfo", "control/", boot_id, "drivers/"]);
    let confined = guest.published(&["--memory-interval", "1"]);
    guest.wait_tree(&told);
    others_go_on(&guest);
    assert_calm(&confined.stop("TERM").stderr, 1);
    let agent = guest.published(&["--memory-interval", "1", "--no-sandbox"]);
    guest.wait_tree(&told);
    guest.sh("umount /proc");
    agent.signal("HUP");
    guest.wait_tree(FIRST_TREE);
    // Of a host name that cannot be watched too.
    agent.wait_logged("warn: os: cannot watch the host name");
    told_once_each_way(agent, "memory");
    let _confined = guest.agent(&[]);
    guest.sync_with_agent();
}

// A /sys with nothing in it: no VIF is known for one here, no driver, no balloon.
#[test]
fn empty_sys_then_the_real_one() {
    let guest = Guest::new();
    guest.sh("mount -t tmpfs none /sys");
    // There is no telling that this is a guest: one line, and it ends.
    let end = guest.run(&["-s"]);
    assert_eq!((end.code, end.stderr.lines().count()), (Some(1), 1), "{end:?}");
    guest.file("/sys/hypervisor/type", "xen\n");
    let told = tree_without(&["attr/vif", "control/", "drivers/", "feature/"]);
    let confined = guest.published(&[]);
    guest.wait_tree(&told);
    assert_calm(&confined.stop("TERM").stderr, 1);
    let agent = guest.published(&["--no-sandbox"]);
    guest.wait_tree(&told);
    guest.sh("umount /sys");
    agent.signal("HUP");
    guest.wait_tree(FIRST_TREE);
    assert_calm(&agent.stop("TERM").stderr, 1);
}

// …that goes while the agent runs: what is known stays.
#[test]
fn sys_covered_while_running_keeps_the_keys() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    guest.sh("mount -t tmpfs none /sys");
    others_go_on(&guest);
    guest.wait_tree(FIRST_TREE);
    guest.sh("umount /sys");
    agent.signal("HUP");
    others_go_on(&guest);
    guest.wait_tree(FIRST_TREE);
    assert_calm(&agent.stop("TERM").stderr, 1);
}

/// Has the kernel refuse the program's sockets of netlink, as one without it does.
#[allow(unsafe_code, reason = "a system call")]
fn without_netlink(command: &mut std::process::Command) {
    use libc::{BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter};
    let step = |code: u32, jt, jf, k| sock_filter { code: code as u16, jt, jf, k };
    let filter = move || {
        // `seccomp_data`: the call's number at 0, its first argument at 16.
        let mut steps = [
            step(BPF_LD | BPF_W | BPF_ABS, 0, 0, 0),
            step(BPF_JMP | BPF_JEQ | BPF_K, 0, 3, libc::SYS_socket as u32),
            step(BPF_LD | BPF_W | BPF_ABS, 0, 0, 16),
            step(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, libc::AF_NETLINK as u32),
            step(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | libc::EAFNOSUPPORT as u32),
            step(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
        ];
        let program = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
        // SAFETY: the program and its steps live through the call, which copies them.
        let failed = unsafe {
            libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program)
        };
        if failed == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
    };
    // SAFETY: between fork and exec the closure makes one system call and allocates nothing.
    unsafe { command.pre_exec(filter) };
}

// A kernel without netlink: no address, all else, and one line of each collector that needs it.
#[test]
fn socket_of_netlink_fails_with_eafnosupport() {
    let guest = Guest::new();
    let mut command = guest.command(&["-s"]);
    without_netlink(&mut command);
    let agent = Agent::spawn(command);
    guest.wait_tree(&tree_without(&["attr/vif"]));
    guest.file("/etc/os-release", &OS_RELEASE.replace("Debian GNU", "Another"));
    guest.wait_value("data/os_name", "Another/Linux 12 (bookworm)");
    let log = agent.stop("TERM").stderr;
    assert_calm(&log, 1);
    for collector in ["network", "drivers"] {
        assert_eq!(log.matches(&format!("warn: {collector}: ")).count(), 1, "{log}");
    }
}

/// How many files the process may have.
pub(super) fn limit_files(agent: &Agent, limit: &str) {
    let mut command = std::process::Command::new("prlimit");
    command.args(["--pid", &agent.pid().to_string(), &format!("--nofile={limit}:1024")]);
    assert!(command.status().unwrap().success());
}

// No descriptor is left to open anything with: what cannot be read is not taken for absent, and what is
// open goes on; then there are some again.
#[test]
fn emfile_keeps_the_keys_until_files_can_be_opened() {
    let guest = Guest::new();
    let agent = guest.published(&["--memory-interval", "1"]);
    limit_files(&agent, "3");
    agent.signal("HUP");
    let collectors = ["network", "memory: /proc/meminfo", "disks", "os", "drivers", "service"];
    for name in collectors {
        agent.wait_logged(&format!("warn: {name}: Too many open files"));
    }
    guest.wait_tree(FIRST_TREE);
    limit_files(&agent, "1024");
    for name in collectors.map(|name| name.split(':').next().unwrap()) {
        agent.wait_logged(&format!("info: {name}: recovered"));
    }
    others_go_on(&guest);
    guest.wait_tree(FIRST_TREE);
    assert_calm(&agent.stop("TERM").stderr, 1);
}

// One that is there and cannot be read is told of once, however often it is looked at.
#[test]
fn unreadable_os_release_is_logged_once() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    guest.sh("mv /etc/os-release /etc/away && mkdir /etc/os-release");
    for name in ["one", "two", "three"] {
        guest.host_name(name);
        guest.wait_value("data/host_name_dns", name);
    }
    guest.host_name("guest.example.org");
    guest.sh("rmdir /etc/os-release && mv /etc/away /etc/os-release");
    guest.wait_tree(FIRST_TREE);
    told_once_each_way(agent, "os: release files");
}

// os-release goes with /etc, in an upgrade or for good: an OS is told all the same; then the whole again.
#[test]
fn release_files_removed_and_restored() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    guest.remove_file("/etc/os-release");
    guest.remove_file("/etc/debian_version");
    guest.wait(|tree| tree.get("data/os_minorver").is_none_or(|minor| minor != "7"));
    others_go_on(&guest);
    guest.file("/etc/debian_version", "12.7\n");
    guest.file("/etc/os-release", OS_RELEASE);
    guest.wait_tree(FIRST_TREE);
    assert_calm(&agent.stop("TERM").stderr, 1);
}

// /run is mounted only later: a reload notices what is asked for there from then on.
#[test]
fn run_mounted_later_is_watched_after_sighup() {
    let guest = Guest::new();
    guest.sh("umount /run && mount -t tmpfs none /var && mount --bind /var /run && umount /run");
    let agent = guest.published(&[]);
    guest.sh("mkdir /var/run");
    agent.signal("HUP");
    agent.wait_logged("reload");
    others_go_on(&guest);
    guest.sh(": >/var/run/reboot-required");
    guest.wait_value("data/service/xen-guest-agent/reboot-required", "1");
    guest.sh("rm /var/run/reboot-required");
    guest.wait_tree(&without(&[]));
}
