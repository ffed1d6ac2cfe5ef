//! A collector's source is missing, fails and recovers: failure and recovery are logged once each, and the
//! other collectors go on.

use super::super::harness::{Agent, FIRST_TREE, Guest, OS_RELEASE, PATIENCE, wait_for};
use super::{assert_log_is_short, without};
use std::fs;
use std::os::unix::process::CommandExt;

/// The tree of a new guest without the keys with these prefixes.
fn tree_without(heads: &[&str]) -> String {
    let stays = |line: &&str| !heads.iter().any(|head| line.starts_with(head));
    FIRST_TREE.lines().filter(stays).collect::<Vec<_>>().join("\n")
}

/// Checks that the network collector works: an added address is published.
fn check_network_works(guest: &Guest) {
    guest.ip("addr add 198.51.100.1/32 dev eth0");
    guest.wait(|tree| tree.values().any(|value| value == "198.51.100.1"));
    guest.ip("addr del 198.51.100.1/32 dev eth0");
    guest.wait(|tree| tree.values().all(|value| value != "198.51.100.1"));
}

/// Ends the agent. Checks that the failure of this source and its recovery were logged once each.
fn assert_logged_once(agent: Agent, source: &str) {
    agent.wait_logged(&format!("info: {source}: recovered"));
    let log = agent.stop("TERM").stderr;
    assert_log_is_short(&log, 1);
    assert_eq!(log.matches(&format!("warn: {source}: ")).count(), 1, "{log}");
    assert_eq!(log.matches(&format!("info: {source}: recovered")).count(), 1, "{log}");
}

#[test]
fn meminfo_that_fails_keeps_the_keys() {
    let guest = Guest::new();
    let agent = guest.published(&["--memory-interval", "1"]);
    let whole = fs::read(guest.path("/proc/meminfo")).unwrap();
    for broken in ["", "MemTotal: many kB\n"] {
        fs::write(guest.path("/proc/meminfo"), broken).unwrap();
        agent.wait_logged("warn: memory: the system names no total; ");
        check_network_works(&guest);
        guest.wait_tree(FIRST_TREE);
    }
    fs::write(guest.path("/proc/meminfo"), whole).unwrap();
    assert_logged_once(agent, "memory");
}

// A /proc without meminfo, mounts, host name and boot id. A confined agent cannot read file systems that are
// mounted after its start, so it must be restarted.
#[test]
fn empty_proc_removes_its_keys_until_a_reload_after_proc_is_mounted() {
    let guest = Guest::new();
    guest.sh("mount -t tmpfs none /proc && mkdir /proc/xen && : >/proc/xen/capabilities");
    let boot_id = "data/service/xen-guest-agent/boot-id";
    let expected = tree_without(&["data/meminfo", "control/", boot_id, "drivers/"]);
    let confined = guest.published(&["--memory-interval", "1"]);
    guest.wait_tree(&expected);
    check_network_works(&guest);
    assert_log_is_short(&confined.stop("TERM").stderr, 1);
    let agent = guest.published(&["--memory-interval", "1", "--no-sandbox"]);
    guest.wait_tree(&expected);
    guest.sh("umount /proc");
    agent.signal("HUP");
    guest.wait_tree(FIRST_TREE);
    // The host name cannot be watched either.
    agent.wait_logged("warn: os: /proc/sys/kernel/hostname: ");
    assert_logged_once(agent, "memory");
    let _confined = guest.agent(&[]);
    guest.sync_with_agent();
}

// Without /sys no VIF, driver or balloon is found.
#[test]
fn empty_sys_removes_its_keys_until_a_reload_after_sys_is_mounted() {
    let guest = Guest::new();
    guest.sh("mount -t tmpfs none /sys");
    // The agent cannot detect Xen, so it exits.
    let end = guest.run(&["-s"]);
    assert_eq!((end.code, end.stderr.lines().count()), (Some(1), 1), "{end:?}");
    guest.file("/sys/hypervisor/type", "xen\n");
    let expected = tree_without(&["attr/vif", "control/", "drivers/", "feature/"]);
    let confined = guest.published(&[]);
    guest.wait_tree(&expected);
    assert_log_is_short(&confined.stop("TERM").stderr, 1);
    let agent = guest.published(&["--no-sandbox"]);
    guest.wait_tree(&expected);
    guest.sh("umount /sys");
    agent.signal("HUP");
    guest.wait_tree(FIRST_TREE);
    assert_log_is_short(&agent.stop("TERM").stderr, 1);
}

#[test]
fn sys_covered_while_running_keeps_the_keys() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    guest.sh("mount -t tmpfs none /sys");
    check_network_works(&guest);
    guest.wait_tree(FIRST_TREE);
    guest.sh("umount /sys");
    agent.signal("HUP");
    check_network_works(&guest);
    guest.wait_tree(FIRST_TREE);
    assert_log_is_short(&agent.stop("TERM").stderr, 1);
}

/// Makes netlink sockets of the program fail with EAFNOSUPPORT, as on a kernel without netlink.
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

// A kernel without netlink.
#[test]
fn kernel_without_netlink_gets_all_keys_but_the_network() {
    let guest = Guest::new();
    let mut command = guest.command(&["-s"]);
    without_netlink(&mut command);
    let agent = Agent::spawn(command);
    guest.wait_tree(&tree_without(&["attr/vif"]));
    guest.file("/etc/os-release", &OS_RELEASE.replace("Debian GNU", "Another"));
    guest.wait_value("data/os_name", "Another/Linux 12 (bookworm)");
    let log = agent.stop("TERM").stderr;
    assert_log_is_short(&log, 1);
    assert_eq!(log.matches("warn: network: ").count(), 1, "{log}");
}

/// Limits the number of the process's open files.
pub(super) fn limit_files(agent: &Agent, limit: &str) {
    let mut command = std::process::Command::new("prlimit");
    command.args(["--pid", &agent.pid().to_string(), &format!("--nofile={limit}:1024")]);
    assert!(command.status().unwrap().success());
}

// Without a free descriptor no file can be opened. The agent must not take the files for absent.
#[test]
fn emfile_keeps_the_keys_until_files_can_be_opened() {
    let guest = Guest::new();
    let agent = guest.published(&["--memory-interval", "1"]);
    limit_files(&agent, "3");
    agent.signal("HUP");
    let collectors = ["network", "disks", "os", "drivers", "service"];
    // EMFILE. The text before the number is the C library's.
    let end = "(os error 24); published values kept, retrying";
    let is_logged = |name: &str| {
        let start = format!("warn: {name}: ");
        agent.stderr().lines().any(|line| line.starts_with(&start) && line.ends_with(end))
    };
    for name in collectors {
        assert!(wait_for(PATIENCE, || is_logged(name)), "{name}");
    }
    agent.wait_logged("warn: memory: ");
    guest.wait_tree(FIRST_TREE);
    limit_files(&agent, "1024");
    for name in collectors.into_iter().chain(["memory"]) {
        agent.wait_logged(&format!("info: {name}: recovered"));
    }
    check_network_works(&guest);
    guest.wait_tree(FIRST_TREE);
    assert_log_is_short(&agent.stop("TERM").stderr, 1);
}

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
    assert_logged_once(agent, "os: release files");
}

// As during an upgrade.
#[test]
fn removed_release_files_change_the_os_until_they_are_restored() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    guest.remove_file("/etc/os-release");
    guest.remove_file("/etc/debian_version");
    guest.wait(|tree| tree.get("data/os_minorver").is_none_or(|minor| minor != "7"));
    check_network_works(&guest);
    guest.file("/etc/debian_version", "12.7\n");
    guest.file("/etc/os-release", OS_RELEASE);
    guest.wait_tree(FIRST_TREE);
    assert_log_is_short(&agent.stop("TERM").stderr, 1);
}

// /run does not exist at the start, so it cannot be watched before a reload.
#[test]
fn run_mounted_later_is_watched_after_sighup() {
    let guest = Guest::new();
    guest.sh("umount /run && mount -t tmpfs none /var && mount --bind /var /run && umount /run");
    let agent = guest.published(&[]);
    guest.sh("mkdir /var/run");
    agent.signal("HUP");
    agent.wait_logged("reload");
    check_network_works(&guest);
    guest.sh(": >/var/run/reboot-required");
    guest.wait_value("data/service/xen-guest-agent/reboot-required", "1");
    guest.sh("rm /var/run/reboot-required");
    guest.wait_tree(&without(&[]));
}
