//! `--check --wait`, `--quiet`, `--json` and output that cannot be written.

use super::super::harness::{Agent, block_call, program};
use super::{check, said, system};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

#[test]
fn wait_ends_when_the_store_has_an_address() {
    let guest = system();
    let check = Agent::spawn(guest.command(&["--check", "--quiet", "--wait", "30"]));
    let _agent = guest.published(&[]);
    let end = check.wait();
    assert_eq!((end.code, end.stdout.as_str()), (Some(0), ""), "{end:?}");
}

#[test]
fn wait_that_is_over_is_a_failure() {
    let guest = system();
    guest.ip("addr flush dev eth0\naddr add 169.254.7.7/16 dev eth0");
    let agent = guest.published(&[]);
    let line = "FAIL  wait: after 1 s, the store has no address that is not link-local\n";
    assert_eq!(said(&guest, Some(&agent), &["--wait", "1"]), (Some(1), line.into()));
}

#[test]
fn wait_for_a_store_that_hangs_ends_in_time() {
    let guest = system();
    let agent = guest.published(&[]);
    guest.stall_xenstored();
    let end = check(&guest, Some(&agent), &["--quiet", "--wait", "7"]);
    guest.resume_xenstored();
    let lines = "FAIL  store: SOCKET does not answer within 5 s: the host's xenstored hangs
FAIL  wait: after 7 s, the store has no address that is not link-local\n";
    assert_eq!((end.code, end.stdout.as_str()), (Some(1), lines));
}

#[test]
fn json_has_the_same_findings() {
    let guest = system();
    let agent = guest.published(&[]);
    guest.dom0_writes("data/os_name", "a \"b\"");
    let json = "{\"schema\": 1, \"checks\": [
  {\"id\": \"facts\", \"result\": \"fail\", \"message\": \"data/os_name is \\\"a \\\\\\\"b\\\\\\\"\\\", should be \
\\\"Debian GNU/Linux 12 (bookworm)\\\"\", \"fix\": \"kill -HUP PID\"}
]}
";
    let end = check(&guest, Some(&agent), &["--quiet", "--json"]);
    assert_eq!((end.code, end.stdout.as_str()), (Some(1), json));
}

// As with a file that cannot be read to its end. The time that all parts of a look may take is the limit.
#[test]
fn check_that_blocks_before_it_has_found_anything_ends_in_time() {
    let guest = system();
    let arguments = ["--check", "--wait", "1"];
    let mut command = guest.command(&arguments);
    block_call(&mut command, libc::SYS_landlock_create_ruleset);
    let end = Agent::spawn(command).wait_within(Duration::from_secs(30));
    assert_eq!((end.code, end.stdout.as_str()), (Some(1), ""), "{end:?}");
    assert_eq!(end.stderr, "error: nothing was found within 17 s: a file or the kernel hangs\n");
}

// The time that was asked for holds for the store's first answer too.
#[test]
fn store_that_hangs_is_given_no_more_time_than_wait_has() {
    let guest = system();
    let agent = guest.published(&[]);
    guest.stall_xenstored();
    let said = said(&guest, Some(&agent), &["--wait", "2"]);
    guest.resume_xenstored();
    let lines = "\
FAIL  store: SOCKET does not answer within 2 s
skip  nic/eth0: vif 0 has 192.0.2.10/24, the store is not known
skip  facts: the store is not known
FAIL  wait: after 2 s, the store has no address that is not link-local
";
    assert_eq!(said, (Some(1), lines.into()));
}

#[test]
fn quiet_shows_warnings_and_failures_only() {
    let guest = system();
    guest.ip("addr flush dev eth0");
    let agent = guest.published(&[]);
    guest.write_as_guest("attr/eth3/ip", "192.0.2.9");
    let end = check(&guest, Some(&agent), &["--quiet", "--no-sandbox"]);
    let lines = "\
FAIL  others: attr/eth3/ip is \"192.0.2.9\", left by an old agent: XAPI may show that address  kill -HUP PID
warn  nic/eth0: vif 0 has no address
";
    assert_eq!((end.code, end.stdout.as_str()), (Some(1), lines));
}

#[test]
fn output_that_cannot_be_written_is_no_success() {
    let guest = system();
    let _agent = guest.published(&[]);
    for arguments in ["--check", "--check --json", "--help", "--version"] {
        let program = program();
        let mut command = guest.world_command("sh");
        command.args(["-c", &format!("exec {program} {arguments} >/dev/full")]);
        command.env("XENSTORED_PATH", guest.socket());
        let end = Agent::spawn(command).wait();
        let line = "error: standard output: No space left on device (os error 28)\n";
        assert_eq!((end.code, end.stderr.as_str()), (Some(1), line), "{arguments}");
    }
}

// As `--check | head -n 1` does: the reader has seen what it wanted.
#[test]
fn pipe_that_its_reader_has_closed_is_no_error() {
    let guest = system();
    let _agent = guest.published(&[]);
    let (reader, writer) = UnixStream::pair().unwrap();
    drop(reader);
    let mut process = guest.command(&["--check"]).stdout(OwnedFd::from(writer)).spawn().unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(0));
}
