//! data/service/xen-guest-agent: what XAPI shows as the services of a VM.

use super::harness::Guest;
use std::process::Command;

const HERE: &str = "data/service/xen-guest-agent";

// Debian's packages and SUSE's ask for a reboot by a file. xenopsd watches `data/service`: no doorbell.
#[test]
fn a_reboot_that_is_required_shows_with_the_file_and_goes_with_it() {
    let guest = Guest::new();
    let _agent = guest.published(&[]);
    assert!(!guest.tree().contains_key(&format!("{HERE}/reboot-required")));
    for file in ["/run/reboot-required", "/run/reboot-needed"] {
        let mark = guest.mark();
        guest.file(file, "*** System restart required ***\n");
        let write = format!("write {HERE}/reboot-required = 1");
        assert_eq!(guest.batch_since(mark), [&write, "write data/updated"]);
        let mark = guest.mark();
        guest.remove_file(file);
        let rm = format!("rm {HERE}/reboot-required");
        assert_eq!(guest.batch_since(mark), [&rm, "write data/updated"]);
    }
}

// What else comes and goes in /run writes nothing.
#[test]
fn other_files_in_run_do_not_matter() {
    let guest = Guest::new();
    let _agent = guest.published(&[]);
    let mark = guest.mark();
    guest
        .sh("touch /run/utmp /run/x.pid; mv /run/x.pid /run/y.pid; rm /run/y.pid; mkdir /run/lock");
    guest.assert_quiet_since(mark);
}

// A restart writes nothing, so the start that is told is the first one in this boot; after a
// restore there is none to go on with.
#[test]
fn the_start_stays_that_of_the_first_agent_in_this_boot() {
    let guest = Guest::new();
    guest.published(&[]).stop("TERM");
    let date = Command::new("date").args(["-u", "-d", "1 minute ago", "+%FT%TZ"]).output().unwrap();
    let early = String::from_utf8(date.stdout).unwrap().trim().to_owned();
    guest.write_as_guest(&format!("{HERE}/started"), &early);
    let mark = guest.mark();
    guest.run(&["-s", "--once"]);
    assert_eq!(guest.changes_since(mark), [""; 0]);
    guest.write_as_guest(&format!("{HERE}/boot-id"), "that of another boot");
    guest.run(&["-s", "--once"]);
    guest.wait_value(&format!("{HERE}/started"), "<now>");
    let told = guest.as_guest(|store| store.read(&format!("{HERE}/started"))).unwrap();
    assert!(*told > *early, "{told}");
}

#[test]
fn without_service_its_keys_go() {
    let guest = Guest::new();
    guest.run(&["-s", "--once"]);
    assert_eq!(guest.run(&["-s", "--once", "--without=service"]).code, Some(0));
    assert_eq!(guest.below("data/service"), "data/service = ");
}
