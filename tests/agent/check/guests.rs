//! `--check`: what the guest is, where the command runs, and what works with less than it could.

use super::super::harness::{Agent, Daemon, Guest, Layout};
use super::super::sandbox::on_kernel_without;
use super::{line_of, said, show_xen_version, system};

#[test]
fn container_is_told() {
    let guest = system();
    let agent = guest.published(&[]);
    guest.sh("mkdir /run/root && ln -sfn /run/root /proc/1/root");
    let line =
        "FAIL  namespace: not the system's files: /etc/os-release and mounts are a container's\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line.into()));
    guest.sh("ln -sfn 'net:[1]' /proc/1/ns/net");
    let line = "FAIL  namespace: not the system's network: run it outside of the container, or with the host's network\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line.into()));
    guest.sh("ln -sfn / /proc/1/root && ln -sfn $(readlink /proc/self/ns/net) /proc/1/ns/net");
    guest.sh("ln -sfn 'pid:[1]' /proc/1/ns/pid");
    let line = "warn  namespace: a container: /etc/os-release and mounts may be its own, other agents are not seen\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), line.into()));
    guest.sh("rm -r /proc/1/ns /proc/1/root");
    let line = "skip  namespace: the namespaces of process 1 cannot be read\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), line.into()));
}

#[test]
fn vif_in_another_namespace_and_vif_without_a_driver_are_told() {
    let guest = system();
    let agent = guest.published(&[]);
    guest.sh("mkdir -p /sys/bus/xen/devices/vif-7");
    let line = "FAIL  drivers: vif 7 has no driver  modprobe xen-netfront\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line.into()));
    guest.sh("ln -s ../../drivers/vif /sys/bus/xen/devices/vif-7/driver");
    let line = "FAIL  namespace: vif 7 is in another network namespace: its addresses cannot be seen here\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line.into()));
}

#[test]
fn cd_drive_of_an_hvm_guest_needs_no_driver() {
    let guest = system();
    let agent = guest.published(&[]);
    guest.sh("mkdir -p /sys/bus/xen/devices/vbd-5696");
    guest.dom0_writes("device/vbd/5696/device-type", "cdrom");
    guest.allow("device/vbd/5696/device-type", &["n1"]);
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), String::new()));
    guest.dom0_writes("device/vbd/5696/device-type", "disk");
    let line = "FAIL  drivers: vbd 5696 has no driver  modprobe xen-blkfront\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line.into()));
}

#[test]
fn dom0_and_a_guest_that_has_no_xenstore_yet_get_one_line() {
    let guest = system();
    guest.file("/sys/hypervisor/uuid", "00000000-0000-0000-0000-000000000000\n");
    let line = "warn  guest: dom0 has given this guest no xenstore yet (/sys/hypervisor/uuid is all zero)\n";
    assert_eq!(said(&guest, None, &[]), (Some(0), line.into()));
    guest.file("/sys/hypervisor/properties/features", "00000800\n");
    let line = "skip  guest: dom0, which has no host: nothing to do\n";
    assert_eq!(said(&guest, None, &[]), (Some(0), line.into()));
}

#[test]
fn host_that_is_openxt_is_told_by_the_key_of_its_toolstack() {
    let guest = Guest::on(Layout::Xl, Daemon::C);
    show_xen_version(&guest);
    guest.dom0_writes("acpi-state", "s0");
    guest.allow("acpi-state", &["n0", "r1"]);
    let agent = guest.published(&[]);
    let line = "ok    guest: a guest of Xen 4.17, domain 1, on an OpenXT host";
    assert_eq!(line_of(&guest, Some(&agent), "guest"), line);
}

#[test]
fn balloon_that_is_missing_and_no_driver_at_all_are_told() {
    let guest = system();
    guest.sh("rm -r /sys/devices/system/xen_memory");
    let agent = guest.published(&[]);
    let line =
        "warn  drivers: no balloon driver: the host cannot change the memory of this guest\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), line.into()));
    guest.sh("rm -r /sys/bus/xen/drivers /sys/hypervisor/version");
    agent.signal("HUP");
    guest.wait(|tree| !tree.contains_key("drivers/0"));
    let line = "warn  drivers: none of Xen's drivers is in use\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), line.into()));
}

/// What the line of the confinement says, in both forms.
fn confinement(guest: &Guest, arguments: &[&str], missing: &[libc::c_long]) -> String {
    let run = |form: &[&str]| {
        let mut command = guest.command(&[&["--check"], arguments, form].concat());
        on_kernel_without(&mut command, missing.iter().copied());
        let end = Agent::spawn(command).wait();
        assert_eq!((end.code, end.stderr.as_str()), (Some(0), ""), "{end:?}");
        end.stdout
    };
    let text = run(&[]);
    let line = text.lines().find(|line| line.contains(" confinement: ")).unwrap();
    let (result, says) = line.split_once("confinement: ").unwrap();
    let result = result.trim_end();
    let json = format!(
        "{{\"id\": \"confinement\", \"result\": \"{result}\", \"message\": \"{says}\", \"fix\": null}}"
    );
    assert!(run(&["--json"]).contains(&json), "{json}");
    format!("{result}: {says}")
}

#[test]
fn confinement_that_the_kernel_lacks_is_told() {
    let guest = system();
    let _agent = guest.published(&[]);
    let landlock = libc::SYS_landlock_create_ruleset;
    let landlock_is_missing = "skip: without Landlock (not in this kernel)";
    let why = "Error calling `seccomp`: Function not implemented (os error 38)";
    let both = format!("{landlock_is_missing} and without seccomp ({why})");
    for (arguments, missing, line) in [
        (&[][..], &[][..], "ok: capabilities, Landlock and seccomp"),
        (&["--no-sandbox"], &[], "skip: switched off by --no-sandbox"),
        (&[], &[landlock], landlock_is_missing),
        (&[], &[landlock, libc::SYS_seccomp], &both),
    ] {
        assert_eq!(confinement(&guest, arguments, missing), line);
    }
}
