//! `--publisher stdout`: what a newcomer runs first.

use super::harness::{Guest, PATIENCE};
use std::time::Instant;

// The tree as the host would see it, then each change on one line, flushed; the store is left alone.
#[test]
fn a_change_is_one_line_at_once() {
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

// It runs anywhere: off Xen every NIC but loopback is shown as a VIF, by its interface index.
#[test]
fn off_xen_every_nic_is_shown() {
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

// rfc can be looked at as well.
#[test]
fn the_other_schema_is_shown_too() {
    let guest = Guest::new();
    let end = guest.run(&["-s", "--publisher", "stdout", "--once", "--schema", "rfc"]);
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(end.stdout.contains("192_0_2_10"), "{end:?}");
}

// A reader that goes away (`| head`) ends it quietly.
#[test]
fn a_closed_pipe_is_no_crash() {
    let guest = Guest::new();
    let line = format!("{} -s --publisher stdout --once | head -n 1", super::harness::PROGRAM);
    let start = Instant::now();
    let done = guest.world_command("sh").args(["-c", &line]).output().unwrap();
    assert!(start.elapsed() < PATIENCE);
    assert!(!String::from_utf8_lossy(&done.stderr).contains("panicked"), "{done:?}");
}

// SIGTERM ends it here too.
#[test]
fn sigterm_ends_it_with_0() {
    let guest = Guest::new();
    let agent = guest.agent(&["--publisher", "stdout"]);
    agent.wait_line("Debian GNU/Linux 12 (bookworm)");
    assert_eq!(agent.stop("TERM").code, Some(0));
}
