//! `--check`: a store that does not answer, refuses or is full, and keys that differ.

use super::super::harness::{Agent, Daemon, Guest, Layout, program};
use super::{check, line_of, said, show_xen_version, system};
use std::fs;
use std::io::Read;
use std::os::unix::net::UnixListener;
use std::thread;

#[test]
fn xenstored_that_hangs_is_told_after_5_s() {
    let guest = system();
    let agent = guest.published(&[]);
    guest.stall_xenstored();
    let (code, text) = said(&guest, Some(&agent), &[]);
    guest.resume_xenstored();
    let lines = "\
FAIL  store: SOCKET does not answer within 5 s: the host's xenstored hangs
skip  nic/eth0: vif 0 has 192.0.2.10/24, the store is not known
skip  facts: the store is not known
";
    assert_eq!((code, text.as_str()), (Some(1), lines));
}

#[test]
fn store_that_is_not_there_is_told_with_the_module_to_load() {
    let guest = system();
    guest.kill_xenstored();
    guest.sh(&format!("rm -f '{}'; mount -t tmpfs none /proc/sys/fs", guest.socket().display()));
    guest.sh(
        "echo 'nodev sysfs' >/dev/filesystems && mount --bind /dev/filesystems /proc/filesystems",
    );
    let load = "modprobe -a xen_evtchn xenfs && mount -t xenfs xenfs /proc/xen";
    assert_eq!(said(&guest, None, &[]), without_a_store("/dev/xen/xenbus is not there", load));
    guest.sh("echo 'nodev xenfs' >>/dev/filesystems");
    let mount = "mount -t xenfs xenfs /proc/xen";
    assert_eq!(said(&guest, None, &[]), without_a_store("/dev/xen/xenbus is not there", mount));
    guest.sh("umount /proc/filesystems && mount --bind /dev/null /proc/filesystems");
    assert_eq!(said(&guest, None, &[]), without_a_store("/dev/xen/xenbus is not there", ""));
    guest.sh("mkdir -p '/sys/class/misc/xen!xenbus'");
    let hidden = "the kernel has /dev/xen/xenbus, /dev does not: a container without the device?";
    assert_eq!(said(&guest, None, &[]), without_a_store(hidden, ""));
}

/// The lines of a guest without a store and without an agent.
fn without_a_store(says: &str, fix: &str) -> (Option<i32>, String) {
    let store = format!("FAIL  store: {says}  {fix}");
    let lines = "
warn  agent: no agent runs, and no service is installed for it
skip  nic/eth0: vif 0 has 192.0.2.10/24, the store is not known
skip  facts: the store is not known
";
    (Some(1), store.trim_end().to_owned() + lines)
}

#[test]
fn store_that_closes_the_connection_is_told() {
    let guest = system();
    guest.kill_xenstored();
    let _ = fs::remove_file(guest.socket());
    let listener = UnixListener::bind(guest.socket()).unwrap();
    // Ends with the test's process. The request is read, so that it is not what fails.
    thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let _ = connection.read_exact(&mut [0; "domid\0".len() + 16]);
        }
    });
    let closed = "xenstored closed the connection";
    assert_eq!(said(&guest, None, &[]), without_a_store(closed, ""));
}

#[test]
fn user_who_may_not_open_the_device_is_told_to_be_root() {
    let guest = system();
    guest.kill_xenstored();
    guest.sh(&format!("rm -f '{}'; mkdir -p /dev/xen", guest.socket().display()));
    guest.sh("touch /dev/xen/xenbus && chmod 600 /dev/xen/xenbus");
    let mut command = guest.world_command("setpriv");
    command.args(["--reuid", "65534", "--clear-groups", program(), "--check", "--quiet"]);
    command.env("XENSTORED_PATH", guest.socket());
    let end = Agent::spawn(command).wait();
    // Such a user sees the agents of other tests, so the other lines are theirs.
    let line = end.stdout.lines().find(|line| line.contains(" store: ")).unwrap_or_default();
    let denied = "FAIL  store: /dev/xen/xenbus cannot be opened: permission denied";
    assert_eq!(line.split_once("  sudo").unwrap(), (denied, " xen-guest-agent --check"), "{end:?}");
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
    assert!(text.ends_with("): a restore or a migration is noticed within a minute\n"), "{text}");
}

#[test]
fn denied_key_and_reason_against_a_suspend_are_told() {
    for daemon in [Daemon::C, Daemon::OCaml] {
        let guest = Guest::on(Layout::Xapi, daemon);
        show_xen_version(&guest);
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
    guest.as_host(|store| store.rm("/local/domain/1/data/os_name")).unwrap();
    let line = "FAIL  facts: data/os_name is missing, should be \"Debian GNU/Linux 12 (bookworm)\"  kill -HUP PID\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line.into()));
    agent.signal("HUP");
    guest.wait_value("data/os_name", "Debian GNU/Linux 12 (bookworm)");
    guest.write_as_guest("feature/hotplug/vbd", "1");
    let line = "FAIL  facts: feature/hotplug/vbd should not be there  kill -HUP PID\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line.into()));
    agent.signal("HUP");
    guest.wait_gone("feature/hotplug/vbd");
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
    let lines = "\
skip  nic/eth0: vif 0 has 192.0.2.10/24, which the host does not let the guest write
FAIL  host: does not let the guest write attr/vif/0/ipv4/0 and 3 more
";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), lines.into()));
}

#[test]
fn full_store_is_told() {
    for daemon in [Daemon::C, Daemon::OCaml] {
        let guest = Guest::on(Layout::Xapi, daemon);
        show_xen_version(&guest);
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
fn host_that_lost_all_keys_is_told() {
    let guest = system();
    let agent = guest.published(&[]);
    agent.signal("STOP");
    guest.recreate_tree();
    let lines = "\
FAIL  agent: process PID runs and has published nothing
FAIL  nic/eth0: vif 0 has 192.0.2.10/24, the store has nothing  kill -HUP PID
FAIL  facts: control/feature-balloon is missing, should be \"1\"; data/domain is missing, should be \"example.org\"; \
data/host_name_dns is missing, should be \"guest\"; and 10 more keys  kill -HUP PID
";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), lines.into()));
    agent.signal("CONT");
}

#[test]
fn fact_that_cannot_be_collected_is_told() {
    let guest = system();
    let agent = guest.published(&[]);
    guest.sh(": >/proc/meminfo");
    let line = "FAIL  facts: not collected within 5 s: memory\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line.into()));
}

#[test]
fn agent_of_which_the_host_hears_nothing_is_told() {
    let guest = system();
    let agent = guest.published(&[]);
    guest.write_as_guest("data/updated", "2020-01-01T00:00:00Z");
    let line = line_of(&guest, Some(&agent), "host");
    let days = line.strip_prefix("warn  host: has heard nothing of the agent for ");
    let days = days.and_then(|days| days.strip_suffix(" days")).and_then(|n| n.parse::<u32>().ok());
    assert!(days > Some(2_000), "{line}");
}
