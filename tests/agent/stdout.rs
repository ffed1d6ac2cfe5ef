//! `--publisher stdout`: prints the keys, opens no xenstore.

use super::harness::{Guest, PATIENCE};
use std::time::Instant;

#[test]
fn stdout_prints_each_change_on_one_line_and_writes_nothing() {
    let guest = Guest::new();
    let mark = guest.mark();
    let agent = guest.agent(&["--publisher", "stdout"]);
    agent.wait_line("Debian GNU/Linux 12 (bookworm)");
    guest.ip("addr add 198.51.100.7/25 dev eth0");
    assert_eq!(agent.wait_line("198.51.100.7"), "write  attr/vif/0/ipv4/1 = \"198.51.100.7\"");
    guest.ip("addr del 198.51.100.7/25 dev eth0");
    assert_eq!(agent.wait_line("remove"), "remove attr/vif/0/ipv4/1");
    assert_eq!(guest.changes_since(mark), [""; 0]);
}

// Every NIC but loopback is shown as a VIF; its interface index is the VIF's number.
#[test]
fn stdout_shows_every_nic_if_not_on_xen() {
    let guest = Guest::new();
    guest.sh("rm -r /sys/hypervisor /sys/class/net");
    guest.kill_xenstored();
    let end = guest.run(&["-s", "--publisher", "stdout", "--once"]);
    assert_eq!(end.code, Some(0), "{end:?}");
    for shown in [
        "Debian GNU/Linux 12 (bookworm)",
        "192.0.2.10",
        "00:16:3e:00:00:00",
        "100",
        "200",
        "207744",
    ] {
        assert!(end.stdout.contains(shown), "{shown}: {end:?}");
    }
    assert!(!end.stdout.contains("127.0.0.1") && !end.stdout.contains("\"lo\""), "{end:?}");
}

#[test]
fn stdout_shows_schema_rfc() {
    let guest = Guest::new();
    let end = guest.run(&["-s", "--publisher", "stdout", "--once", "--schema", "rfc"]);
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(end.stdout.contains("192_0_2_10"), "{end:?}");
}

#[test]
fn closed_pipe_ends_the_agent_without_panic() {
    let guest = Guest::new();
    let line = format!("{} -s --publisher stdout --once | head -n 1", super::harness::program());
    let start = Instant::now();
    let done = guest.world_command("sh").args(["-c", &line]).output().unwrap();
    assert!(start.elapsed() < PATIENCE);
    assert!(!String::from_utf8_lossy(&done.stderr).contains("panicked"), "{done:?}");
}

#[test]
fn sigterm_exits_0_with_stdout() {
    let guest = Guest::new();
    let agent = guest.agent(&["--publisher", "stdout"]);
    agent.wait_line("Debian GNU/Linux 12 (bookworm)");
    assert_eq!(agent.stop("TERM").code, Some(0));
}
