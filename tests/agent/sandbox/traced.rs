//! The system calls of the confined agent, read off strace: none is refused, and none opens a unix
//! socket without need.

use super::super::harness::{Agent, Guest, Scratch, program};
use super::{change_everything, on_kernel_without};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The agent's command under strace, which writes a file for each thread: `trace`, a dot, the thread's id.
fn traced(guest: &Guest, arguments: &[&str], trace: &Path) -> Command {
    let mut command = guest.world_command("strace");
    command.args(["-ff", "-o"]).arg(trace).arg(program()).args(arguments);
    command.env("XENSTORED_PATH", guest.socket());
    command
}

/// Sends a signal to the agent that runs under strace.
fn signal_traced(guest: &Guest, agent: &Agent, name: &str) {
    guest.sh(&format!("kill -{name} $(pgrep -P {})", agent.pid()));
}

/// The system calls that the agent made after it was confined. Its other threads start after that, so
/// all of their calls count.
fn confined_calls(trace: &Path) -> Vec<String> {
    let files = fs::read_dir(trace.parent().unwrap()).unwrap();
    let text = |file: fs::DirEntry| fs::read_to_string(file.path()).unwrap();
    let texts: Vec<String> = files.map(|file| text(file.unwrap())).collect();
    let start = "SECCOMP_SET_MODE_FILTER";
    assert!(texts.iter().any(|text| text.contains(start)), "the agent is not confined");
    let confined =
        texts.iter().map(|text| text.split_once(start).map_or(&**text, |(_, rest)| rest));
    confined.flat_map(str::lines).map(str::to_owned).collect()
}

/// The confined agent's calls that were refused. The C library tries clone3 first, then clone.
fn refused_calls(trace: &Path) -> Vec<String> {
    let mut calls = confined_calls(trace);
    let errors = ["= -1 ENOSYS", "= -1 EPERM", "= -1 EACCES"];
    calls.retain(|line| errors.iter().any(|error| line.contains(error)));
    calls.retain(|line| !line.contains("clone3"));
    calls
}

/// Changes everything that a collector reads. Returns the calls that were refused meanwhile.
fn refused_while_everything_changes(guest: &Guest, missing: &[libc::c_long]) -> Vec<String> {
    let scratch = Scratch::new();
    let trace = scratch.path().join("trace");
    let _syslog = guest.syslog();
    let mut command = traced(guest, &["--memory-interval", "1"], &trace);
    on_kernel_without(&mut command, missing.iter().copied());
    let agent = Agent::spawn(command);
    guest.wait(|tree| tree.contains_key("data/updated"));
    change_everything(guest, || signal_traced(guest, &agent, "HUP"));
    signal_traced(guest, &agent, "HUP");
    guest.wait_value("data/os_majorver", "14");
    guest.kill_xenstored();
    guest.start_xenstored();
    guest.wait_value("data/host_name_dns", "other");
    signal_traced(guest, &agent, "TERM");
    assert_eq!(agent.wait().code, Some(0));
    refused_calls(&trace)
}

#[test]
fn no_call_of_the_agent_is_refused() {
    assert_eq!(refused_while_everything_changes(&Guest::new(), &[]), [] as [String; 0]);
}

// RHEL 8, Debian 10 and 11, Ubuntu 20.04. While xenstored is down, the agent tries to open the device for
// writing, which the filter refuses.
#[test]
fn no_call_of_the_agent_is_refused_on_a_kernel_without_landlock() {
    let missing = [libc::SYS_landlock_create_ruleset];
    let mut refused = refused_while_everything_changes(&Guest::new(), &missing);
    refused.retain(|line| !line.contains("\"/dev/xen/xenbus\", O_RDWR"));
    assert_eq!(refused, [] as [String; 0]);
}

// The thread that looks at other processes is not confined: /proc may refuse what it reads there.
#[test]
fn no_call_of_a_check_is_refused() {
    let (guest, scratch) = (Guest::new(), Scratch::new());
    let _agent = guest.published(&[]);
    let trace = scratch.path().join("trace");
    let end = Agent::spawn(traced(&guest, &["--check"], &trace)).wait();
    assert!(end.stdout.contains("facts: 13 keys in the store, none differs"), "{end:?}");
    let mut refused = refused_calls(&trace);
    refused.retain(|line| !line.contains("\"/proc/"));
    assert_eq!(refused, [] as [String; 0]);
}

/// The agent's command under strace in a guest that reaches xenstored by the kernel's device, not by a socket.
fn with_device(guest: &Guest, arguments: &[&str], trace: &Path) -> Command {
    guest.xenbus_device("/dev/xen/xenbus");
    let mut command = traced(guest, arguments, trace);
    command.env_remove("XENSTORED_PATH");
    command
}

// As the systemd unit starts the agent: the device and stderr, no socket.
#[test]
fn with_device_and_stderr_no_unix_socket_is_opened_after_the_start() {
    let guest = Guest::new();
    let scratch = Scratch::new();
    let trace = scratch.path().join("trace");
    let command = with_device(&guest, &["-s", "--once", "--without", "sriov"], &trace);
    let end = Agent::spawn(command).wait();
    assert_eq!(end.code, Some(0), "{end:?}");
    guest.wait_value("attr/vif/0/ipv4/0", "192.0.2.10");
    assert_eq!(refused_calls(&trace), [] as [String; 0]);
    let mut opened = confined_calls(&trace);
    opened.retain(|line| line.contains("socket(AF_UNIX") || line.contains("connect("));
    assert_eq!(opened, [] as [String; 0]);
}

// Without Landlock the confined agent cannot open the device, so it opens it before.
#[test]
fn withdraw_through_the_device_exits_0_on_a_kernel_without_landlock() {
    let guest = Guest::new();
    let scratch = Scratch::new();
    let mut command = with_device(&guest, &["--withdraw"], &scratch.path().join("trace"));
    on_kernel_without(&mut command, [libc::SYS_landlock_create_ruleset]);
    let end = Agent::spawn(command).wait();
    assert_eq!(end.code, Some(0), "{end:?}");
    guest.wait_value("attr/PVAddonsUninstalled", "1");
}
