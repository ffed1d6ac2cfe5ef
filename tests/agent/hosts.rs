//! The host: keys that it denies, restarts of xenstored, resume, and machines that are no Xen guest.

use super::harness::{Agent, Daemon, FIRST_TREE, Guest, Kernel, Layout, Proxy, ProxyAction};

fn no_balloon() -> String {
    FIRST_TREE.replace("control/feature-balloon = 1\n", "")
}

// libxl makes `control` read-only for the guest, so a write fails with EACCES.
#[test]
fn host_that_denies_control_gets_all_other_keys_and_one_warning_is_logged() {
    for daemon in [Daemon::C, Daemon::OCaml] {
        let guest = Guest::on(Layout::Xl, daemon);
        let agent = guest.agent(&[]);
        guest.wait_tree(&no_balloon());
        for n in 1..4 {
            guest.ip(format!("addr add 198.51.100.{n}/32 dev eth0"));
            guest.wait(|tree| tree.values().any(|value| *value == format!("198.51.100.{n}")));
        }
        let log = agent.stop("TERM").stderr;
        let warnings: Vec<_> =
            log.lines().filter(|line| line.contains("control/feature-balloon")).collect();
        assert_eq!(warnings.len(), 1, "{log}");
        assert!(warnings[0].starts_with("warn: "), "{log}");
    }
}

#[test]
fn denied_key_is_requested_once() {
    let guest = Guest::on(Layout::Xl, Daemon::C);
    let mark = guest.mark();
    let _agent = guest.published(&[]);
    guest.ip("addr add 198.51.100.1/32 dev eth0");
    guest.wait(|tree| tree.values().any(|value| value == "198.51.100.1"));
    guest.sync_with_agent();
    let changes = guest.changes_since(mark);
    assert_eq!(
        changes.iter().filter(|change| change.contains("control")).count(),
        1,
        "{changes:#?}"
    );
}

#[test]
fn once_exits_0_if_control_is_denied() {
    let guest = Guest::on(Layout::Xl, Daemon::C);
    assert_eq!(guest.run(&["-s", "--once"]).code, Some(0));
    guest.wait_tree(&no_balloon());
}

#[test]
fn all_keys_are_published_after_xenstored_restarts() {
    for daemon in [Daemon::C, Daemon::OCaml] {
        let guest = Guest::on(Layout::Xapi, daemon);
        let agent = guest.published(&[]);
        guest.kill_xenstored();
        guest.ip("addr add 198.51.100.7/25 dev eth0");
        agent.wait_logged("warn: ");
        guest.start_xenstored();
        let more =
            "attr/vif/0/ipv4/1 = 198.51.100.7\nattr/vif/0/ipv4/1/prefix = 25\nattr/vif/0/mac";
        guest.wait_tree(&FIRST_TREE.replace("attr/vif/0/mac", more));
    }
}

#[test]
fn no_line_is_logged_twice_while_xenstored_is_down() {
    let guest = Guest::new();
    let agent = guest.published(&["--memory-interval", "1"]);
    guest.kill_xenstored();
    guest.memory(207_744, 100_000);
    for n in 1..=20 {
        guest.ip(format!("addr add 198.51.100.{n}/32 dev eth0"));
    }
    agent.wait_logged("connection");
    guest.start_xenstored();
    guest.wait_value("data/meminfo_free", "100000");
    let log = agent.stop("TERM").stderr;
    let mut lines: Vec<_> = log.lines().collect();
    lines.sort_unstable();
    assert!(lines.windows(2).all(|pair| pair[0] != pair[1]), "{log}");
}

// After a restore all keys of the guest are gone, and each watch fires once. The toolstack makes the tree
// before the guest runs.
#[test]
fn all_keys_are_published_in_one_batch_after_a_resume() {
    let layouts = [Layout::Xapi, Layout::Xl];
    for (layout, kernel) in layouts.iter().flat_map(|l| Kernel::ALL.map(|kernel| (*l, kernel))) {
        println!("{kernel:?}");
        let guest = Guest::with(layout, Daemon::C, kernel);
        let tree = if layout == Layout::Xl { no_balloon() } else { FIRST_TREE.into() };
        let agent = guest.published(&[]);
        guest.wait_tree(&tree);
        agent.signal("STOP");
        guest.recreate_tree();
        let mark = guest.mark();
        agent.signal("CONT");
        guest.wait_tree(&tree);
        let updates =
            guest.batch_since(mark).iter().filter(|change| *change == "write data/updated").count();
        assert_eq!(updates, 1);
    }
}

fn assert_exits_without_writes(guest: &Guest, found: &str) {
    let mark = guest.mark();
    let end = guest.run(&["-s"]);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.stderr.starts_with("error: not a Xen guest ("), "{end:?}");
    assert!(end.stderr.ends_with(")\n") && end.stderr.lines().count() == 1, "{end:?}");
    assert!(end.stderr.contains(found), "{end:?}");
    assert_eq!(guest.changes_since(mark), [""; 0]);
}

#[test]
fn no_xen_guest_exits_1_with_one_line_and_writes_nothing() {
    let guest = Guest::new();
    guest.remove_file("/sys/hypervisor/type");
    assert_exits_without_writes(&guest, "/sys/hypervisor");
    guest.file("/sys/hypervisor/type", "kvm\n");
    assert_exits_without_writes(&guest, "kvm");
}

// A user who starts the agent by hand sees the terminal, not the log.
#[test]
fn no_xen_guest_is_printed_on_stderr_beside_syslog() {
    let guest = Guest::new();
    let _syslog = guest.syslog();
    guest.remove_file("/sys/hypervisor/type");
    let end = guest.run(&[]);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(
        end.stderr.starts_with("error: not a Xen guest (") && end.stderr.lines().count() == 1,
        "{end:?}"
    );
}

// dom0: control_d in /proc/xen/capabilities, or bit 11 (XENFEAT_dom0) of the features.
#[test]
fn dom0_exits_1_with_one_line() {
    let guest = Guest::new();
    guest.file("/sys/hypervisor/uuid", NO_UUID);
    guest.file("/sys/hypervisor/properties/features", "00002fff\n");
    assert_exits_without_writes(&guest, "dom0");
    guest.file("/sys/hypervisor/uuid", UUID);
    guest.file("/sys/hypervisor/properties/features", "000027ff\n");
    assert_eq!(guest.run(&["-s", "--once"]).code, Some(0));
    guest.sh(
        "mount -t tmpfs none /proc && mkdir /proc/xen && echo control_d >/proc/xen/capabilities",
    );
    assert_exits_without_writes(&guest, "dom0");
}

// A driver domain: a guest whose kernel has the other ends of other guests' NICs. Both ends have the device type "vif".
#[test]
fn backend_of_another_guest_is_not_published_and_logs_no_warning() {
    let guest = Guest::new();
    guest.parent("vif5.0", "vif", "backend/vif/5/0");
    guest.link("vif5.0", 7);
    let end = guest.run(&["-s", "--once"]);
    assert_eq!((end.code, end.stderr.matches("warn: ").count()), (Some(0), 0), "{end:?}");
    guest.wait_tree(FIRST_TREE);
}

const NO_UUID: &str = "00000000-0000-0000-0000-000000000000\n";
const UUID: &str = "6f2a3c1e-0001-4a5b-8c9d-000000000001\n";

/// A guest without xenstore, and the proxy that counts the connections to it.
fn dom0less() -> (Guest, Proxy) {
    let guest = Guest::new();
    guest.file("/sys/hypervisor/uuid", NO_UUID);
    guest.file("/sys/hypervisor/properties/features", "000027ff\n");
    guest.file("/dev/interrupts", " 18:  0  xen-dyn-lateeoi  event  xenstore_late_init\n");
    guest.sh("mount --bind /dev/interrupts /proc/interrupts");
    let proxy =
        Proxy::new(guest.run.path().join("proxy"), &guest.socket(), |_| ProxyAction::Passed);
    (guest, proxy)
}

fn start(guest: &Guest, proxy: &Proxy, arguments: &[&str]) -> Agent {
    let mut command = guest.command(&[&["-s"], arguments].concat());
    command.env("XENSTORED_PATH", proxy.socket());
    Agent::spawn(command)
}

// The kernel of such a guest may crash if the device is used before dom0 has run init-dom0less.
#[test]
fn dom0less_guest_opens_xenstore_only_when_it_exists() {
    let (guest, proxy) = dom0less();
    let agent = start(&guest, &proxy, &[]);
    agent.wait_logged("xenstore is not there yet (/sys/hypervisor/uuid is all zero)");
    agent.signal("HUP");
    guest.file("/sys/hypervisor/uuid", UUID);
    // dom0 sets the UUID first. The kernel still waits for the event.
    let end = start(&guest, &proxy, &["--once"]).wait();
    assert!(end.stderr.contains("xenstore_late_init"), "{end:?}");
    assert_eq!((end.code, end.stderr.lines().count()), (Some(1), 1), "{end:?}");
    assert_eq!(proxy.connections(), 0);
    guest.file("/dev/interrupts", " 18:  5  xen-dyn-lateeoi  event  xenbus\n");
    guest.wait_tree(FIRST_TREE);
    let log = agent.stop("TERM").stderr;
    assert_eq!(log.matches("not there yet").count(), 1, "{log}");
}

#[test]
fn sigterm_ends_an_agent_that_waits_for_xenstore_with_exit_0() {
    for signal in ["TERM", "INT"] {
        let (guest, proxy) = dom0less();
        let agent = start(&guest, &proxy, &[]);
        agent.wait_logged("not there yet");
        assert_eq!(agent.stop(signal).code, Some(0));
        assert_eq!(proxy.connections(), 0);
    }
}

#[test]
fn withdraw_and_stdout_do_not_wait_for_xenstore() {
    let (guest, proxy) = dom0less();
    for arguments in [&["--withdraw"][..], &["--publisher", "stdout", "--once"]] {
        let end = start(&guest, &proxy, arguments).wait();
        assert_eq!(end.code, Some(0), "{end:?}");
    }
    assert_eq!(proxy.connections(), 0);
}

#[test]
fn unreachable_xenstored_at_start_exits_1_with_one_line() {
    let guest = Guest::new();
    guest.kill_xenstored();
    let end = guest.run(&["-s"]);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.stderr.starts_with("error: ") && end.stderr.lines().count() == 1, "{end:?}");
}
