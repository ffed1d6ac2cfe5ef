//! Netlink messages that are lost, and sysfs attributes that cannot be read: strace(1) injects the errors.

use super::super::harness::{Agent, Guest, program};
use super::assert_log_is_short;
use std::fs;

/// The agent under strace with these options.
fn traced(guest: &Guest, options: &[&str], arguments: &[&str]) -> Agent {
    let mut command = guest.world_command("strace");
    command.args(["-f", "-s", "200", "-o", "/run/strace"]).args(options).arg(program());
    command.arg("-s").args(arguments).env("XENSTORED_PATH", guest.socket());
    Agent::spawn(command)
}

fn trace(guest: &Guest) -> Vec<String> {
    let trace = fs::read_to_string(guest.path("/run/strace")).unwrap();
    trace.lines().map(str::to_owned).collect()
}

/// The number of times that the network's thread called recvfrom(2) until it received this message.
fn receives_until(trace: &[String], message: &str) -> usize {
    let at = trace.iter().position(|call| call.contains("recvfrom") && call.contains(message));
    let at = at.expect("the message is received");
    let thread = trace[at].split(' ').next().unwrap();
    let is_receive = |call: &&String| call.starts_with(thread) && call.contains("recvfrom(");
    trace[..=at].iter().filter(is_receive).count()
}

/// The agent makes no request to xenstore, so that only the requests to the kernel are sent with sendto(2).
const STDOUT: [&str; 2] = ["--publisher", "stdout"];

/// Runs the agent once. While its first request is delayed, an address is removed and added again. Returns the
/// trace, and what was published.
fn once_during_changes(guest: &Guest, options: &[&str]) -> (Vec<String>, String) {
    let delay = ["-e", "trace=sendto,recvfrom", "-e", "inject=sendto:delay_enter=4000000:when=1"];
    let agent = traced(guest, &[&delay, options].concat(), &[&STDOUT[..], &["--once"]].concat());
    // Protocol 0, and a port that is not the kernel's: the two sockets of the agent.
    guest.wait_sh("[ $(grep -c '^[^ ]*  *0  *[1-9]' /proc/net/netlink) = 2 ]");
    guest.ip("addr del 192.0.2.10/24 dev eth0\naddr add 192.0.2.10/24 dev eth0");
    let end = agent.wait();
    assert_eq!(end.code, Some(0), "{end:?}");
    (trace(guest), end.stdout)
}

// The kernel keeps the events that came before the lost ones. They are older than the dump.
#[test]
fn overrun_between_events_older_than_the_dump_publishes_no_past_state() {
    let guest = Guest::new();
    let (trace, published) = once_during_changes(&guest, &[]);
    assert!(published.contains("192.0.2.10"), "{published}");
    let nth = receives_until(&trace, "RTM_DELADDR") + 1;
    let overrun = format!("inject=recvfrom:error=ENOBUFS:when={nth}");
    let (trace, published) = once_during_changes(&guest, &["-e", &overrun]);
    assert_eq!(receives_until(&trace, "RTM_DELADDR"), nth - 1, "{trace:#?}");
    assert_eq!(receives_until(&trace, "ENOBUFS"), nth, "{trace:#?}");
    assert!(published.contains("192.0.2.10"), "{published}");
}

// The kernel never receives the request, so it sends no answer and no error.
#[test]
fn lost_answer_is_requested_again() {
    let guest = Guest::new();
    let agent = traced(&guest, &["-e", "inject=sendto:retval=40:when=1"], &STDOUT);
    agent.wait_line("192.0.2.10");
    let log = agent.stderr();
    assert_eq!(log.matches("warn: network: no answer from the kernel").count(), 1, "{log}");
    assert_eq!(log.matches("info: network: recovered").count(), 1, "{log}");
}

// As if the kernel could not read the attribute.
#[test]
fn unreadable_vif_keeps_its_keys_and_holds_no_other_back() {
    let guest = Guest::new();
    guest.vif("eth1", 1);
    guest.ip("addr add 198.51.100.1/24 dev eth1");
    assert_eq!(guest.run(&["-s", "--once"]).code, Some(0));
    guest.remove_file("/sys/class/net/eth1/device/devtype");
    guest.sh("mkdir /sys/class/net/eth1/device/devtype");
    let agent = guest.agent(&[]);
    guest.ip("addr add 192.0.2.11/24 dev eth0");
    guest.wait_value("attr/vif/0/ipv4/1", "192.0.2.11");
    agent.wait_logged("warn: network: eth1: Is a directory");
    assert_eq!(guest.values("attr/vif/1/ipv4"), ["198.51.100.1"]);
    guest.sh("rmdir /sys/class/net/eth1/device/devtype");
    guest.is_vif("eth1", 1);
    guest.ip("addr add 198.51.100.2/24 dev eth1");
    guest.wait_value("attr/vif/1/ipv4/1", "198.51.100.2");
    agent.wait_logged("info: network: recovered");
    assert_log_is_short(&agent.stop("TERM").stderr, 1);
}

// The kernel's `netdev_show` returns EINVAL for a device that is being removed.
#[test]
fn device_that_is_being_removed_is_no_failure() {
    let guest = Guest::new();
    guest.link("gone0", 9);
    let path = "/sys/class/net/gone0/ifindex";
    let error = ["-P", path, "-e", "trace=read", "-e", "inject=read:error=EINVAL"];
    let agent = traced(&guest, &error, &["--once"]);
    let end = agent.wait();
    assert!(trace(&guest).iter().any(|call| call.contains("EINVAL")), "{end:?}");
    assert_eq!((end.code, end.stderr.contains("warn: ")), (Some(0), false), "{end:?}");
    assert_eq!(guest.values("attr/vif/0/ipv4"), ["192.0.2.10"]);
}
