//! `--check`: a store that does not answer, refuses or is full, and the wait for an address.

use super::check::{check, said, system};
use super::harness::{Agent, Daemon, Guest, Layout, PROGRAM};
use std::time::Duration;

#[test]
fn xenstored_that_hangs_is_told_after_5_s() {
    let guest = system();
    let agent = guest.published(&[]);
    guest.stall_xenstored();
    let (code, text) = said(&guest, Some(&agent), &[]);
    guest.resume_xenstored();
    let line = "FAIL  store: SOCKET does not answer within 5 s: the host's xenstored hangs\n";
    assert_eq!((code, text.as_str()), (Some(1), line));
}

#[test]
fn store_that_is_not_there_is_told_with_the_module_to_load() {
    let guest = system();
    guest.kill_xenstored();
    guest.sh(&format!("rm -f '{}'; mount -t tmpfs none /proc/sys/fs", guest.socket().display()));
    guest.sh(
        "echo 'nodev sysfs' >/dev/filesystems && mount --bind /dev/filesystems /proc/filesystems",
    );
    let not_there = |fix: &str| {
        let agent = "warn  agent: no agent runs, and no service is installed for it";
        let text = format!("{agent}\nFAIL  store: /dev/xen/xenbus is not there  {fix}\n");
        let mut lines: Vec<_> = text.lines().collect();
        lines.reverse();
        (Some(1), lines.join("\n") + "\n")
    };
    let load = "modprobe -a xen_evtchn xenfs && mount -t xenfs xenfs /proc/xen";
    assert_eq!(said(&guest, None, &[]), not_there(load));
    guest.sh("echo 'nodev xenfs' >>/dev/filesystems");
    assert_eq!(said(&guest, None, &[]), not_there("mount -t xenfs xenfs /proc/xen"));
    guest.sh("mkdir -p '/sys/class/misc/xen!xenbus'");
    let line = "FAIL  store: the kernel has /dev/xen/xenbus, /dev does not: a container without the device?\n";
    assert!(said(&guest, None, &[]).1.starts_with(line));
}

#[test]
fn user_who_may_not_open_the_device_is_told_to_be_root() {
    let guest = system();
    guest.kill_xenstored();
    guest.sh(&format!("rm -f '{}'; mkdir -p /dev/xen", guest.socket().display()));
    guest.sh("touch /dev/xen/xenbus && chmod 600 /dev/xen/xenbus");
    let mut command = guest.world_command("setpriv");
    command.args(["--reuid", "65534", "--clear-groups", PROGRAM, "--check", "--quiet"]);
    command.env("XENSTORED_PATH", guest.socket());
    let end = Agent::spawn(command).wait();
    let first = end.stdout.lines().find(|line| line.contains(" store: ")).unwrap_or_default();
    assert!(first.starts_with("FAIL  store: /dev/xen/xenbus cannot be opened: "), "{end:?}");
    assert!(first.ends_with("  sudo xen-guest-agent --check"), "{end:?}");
}

#[test]
fn watch_that_is_refused_is_told() {
    let guest = system();
    let agent = guest.published(&[]);
    let _watches = guest.all_watches();
    let (code, text) = said(&guest, Some(&agent), &[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.starts_with("warn  store: SOCKET answers in N ms, but takes no watch ("),
        "{text}"
    );
    assert!(text.ends_with("): a restore or a migration is not noticed\n"), "{text}");
}

#[test]
fn denied_key_and_reason_against_a_suspend_are_told() {
    for daemon in [Daemon::C, Daemon::OCaml] {
        let guest = Guest::on(Layout::Xapi, daemon);
        super::check::as_system(&guest);
        guest.dom0_writes("data/os_name", "dom0's");
        guest.allow("data/os_name", &["n0", "r1"]);
        let agent = guest.published(&[]);
        let line = "FAIL  host: does not let the guest write data/os_name\n";
        assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line.into()));
        guest.allow("data/os_name", &["n1"]);
        agent.signal("HUP");
        guest.wait_value("data/os_name", "Debian GNU/Linux 12 (bookworm)");
        guest.dom0_writes("data/cant_suspend_reason", "a passed-through device");
        guest.allow("data/cant_suspend_reason", &["n0", "r1"]);
        let line = "warn  host: will not suspend or migrate the guest: a passed-through device\n";
        assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), line.into()));
    }
}

#[test]
fn value_that_dom0_wrote_and_key_that_was_lost_are_told() {
    let guest = system();
    let agent = guest.published(&[]);
    guest.dom0_writes("data/os_name", "Plan 9");
    let line = "FAIL  facts: data/os_name is \"Plan 9\", should be \"Debian GNU/Linux 12 (bookworm)\"  kill -HUP PID\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line.into()));
    agent.signal("HUP");
    guest.wait_value("data/os_name", "Debian GNU/Linux 12 (bookworm)");
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), String::new()));
    guest.dom0_writes("attr/PVAddons/MinorVersion", "20");
    let line =
        "FAIL  facts: attr/PVAddons/MinorVersion is \"20\", should be \"0\"  kill -HUP PID\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line.into()));
}

#[test]
fn address_that_the_host_refuses_is_not_told_to_be_in_the_store() {
    let guest = system();
    guest.dom0_writes("attr/vif/0", "");
    guest.allow("attr/vif/0", &["n0", "r1"]);
    let agent = guest.agent(&[]);
    guest.wait_value("data/service/xen-guest-agent/version", env!("CARGO_PKG_VERSION"));
    let (code, text) = said(&guest, Some(&agent), &[]);
    assert!(text.starts_with("FAIL  host: does not let the guest write attr/vif/0/"), "{text}");
    let all = check(&guest, Some(&agent), &[]).stdout;
    let line =
        "skip  nic/eth0: vif 0 has 192.0.2.10/24, which the host does not let the guest write\n";
    assert!(code == Some(1) && all.contains(line), "{all}");
}

#[test]
fn full_store_is_told() {
    for daemon in [Daemon::C, Daemon::OCaml] {
        let guest = Guest::on(Layout::Xapi, daemon);
        super::check::as_system(&guest);
        guest.as_guest(|store| {
            (0..)
                .find(|n| store.write(&format!("data/filler/{}/{n}", n / 100), "").is_err())
                .unwrap()
        });
        let agent = guest.agent(&[]);
        agent.wait_logged("xenstore quota reached");
        let end = check(&guest, Some(&agent), &["--quiet"]);
        assert_eq!(end.code, Some(1), "{end:?}");
        let host = end.stdout.lines().find(|line| line.contains("  host: ")).unwrap_or_default();
        assert!(host.starts_with("warn  host: the guest owns "), "{end:?}");
        assert!(
            host.ends_with(" nodes in xenstore, and hosts allow 1000: keys are left out"),
            "{end:?}"
        );
    }
}

#[test]
fn wait_ends_when_the_store_has_an_address() {
    let guest = system();
    let check = Agent::spawn(guest.command(&["--check", "--quiet", "--wait", "30"]));
    let _agent = guest.published(&[]);
    let end = check.wait();
    assert_eq!((end.code, end.stdout.as_str()), (Some(0), ""), "{end:?}");
    assert!(end.took < Duration::from_secs(8), "{end:?}");
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
    assert!(end.took < Duration::from_secs(9), "{end:?}");
}

#[test]
fn json_has_the_same_findings() {
    let guest = system();
    let agent = guest.published(&[]);
    guest.dom0_writes("data/os_name", "a \"b\"");
    let json = "{\"schema\": 1, \"checks\": [
  {\"id\": \"facts\", \"result\": \"fail\", \"says\": \"data/os_name is \\\"a \\\\\\\"b\\\\\\\"\\\", should be \
\\\"Debian GNU/Linux 12 (bookworm)\\\"\", \"fix\": \"kill -HUP PID\"}
]}
";
    assert_eq!(said(&guest, Some(&agent), &["--json"]), (Some(1), json.into()));
}
