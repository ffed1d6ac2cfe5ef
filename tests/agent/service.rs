//! data/service/xen-guest-agent, which XAPI shows among the services of a VM.

use super::harness::Guest;
use std::process::Command;

const ROOT: &str = "data/service/xen-guest-agent";

// Packages of Debian and SUSE make these files when they need a reboot. xenopsd watches `data/service`, so
// no doorbell is written.
#[test]
fn reboot_required_is_published_while_the_file_exists() {
    let guest = Guest::new();
    let _agent = guest.published(&[]);
    assert!(!guest.tree().contains_key(&format!("{ROOT}/reboot-required")));
    for file in ["/run/reboot-required", "/run/reboot-needed"] {
        let mark = guest.mark();
        guest.file(file, "*** System restart required ***\n");
        let write = format!("write {ROOT}/reboot-required = 1");
        assert_eq!(guest.batch_since(mark), [&write, "write data/updated"]);
        let mark = guest.mark();
        guest.remove_file(file);
        let rm = format!("rm {ROOT}/reboot-required");
        assert_eq!(guest.batch_since(mark), [&rm, "write data/updated"]);
    }
}

#[test]
fn other_files_in_run_cause_no_write() {
    let guest = Guest::new();
    let _agent = guest.published(&[]);
    let mark = guest.mark();
    guest
        .sh("touch /run/utmp /run/x.pid; mv /run/x.pid /run/y.pid; rm /run/y.pid; mkdir /run/lock");
    guest.assert_quiet_since(mark);
}

// A restarted agent writes the doorbell only, so `started` is the start of the first agent in this boot.
#[test]
fn started_is_kept_over_restarts_within_one_boot() {
    let guest = Guest::new();
    guest.published(&[]).stop("TERM");
    let date = Command::new("date").args(["-u", "-d", "1 minute ago", "+%FT%TZ"]).output().unwrap();
    let early = String::from_utf8(date.stdout).unwrap().trim().to_owned();
    guest.write_as_guest(&format!("{ROOT}/started"), &early);
    guest.assert_restart_is_quiet(&[]);
    guest.write_as_guest(&format!("{ROOT}/boot-id"), "another boot");
    guest.run(&["-s", "--once"]);
    guest.wait_value(&format!("{ROOT}/started"), "<now>");
    let started = guest.as_guest(|store| store.read(&format!("{ROOT}/started"))).unwrap();
    assert!(*started > *early, "{started}");
}

#[test]
fn without_service_removes_its_keys() {
    let guest = Guest::new();
    guest.run(&["-s", "--once"]);
    assert_eq!(guest.run(&["-s", "--once", "--without=service"]).code, Some(0));
    assert_eq!(guest.below("data/service"), "data/service = ");
}
