//! A changed host name or OS name is published at once, with the doorbell.

use super::harness::{DOORBELL, FIRST_TREE, Guest, OS_RELEASE, PATIENCE, wait_for};
use super::network_costs::{Traced, count};

#[test]
fn new_host_name_writes_host_name_dns_and_doorbell() {
    let guest = Guest::new();
    let _agent = guest.published(&[]);
    let mark = guest.mark();
    guest.host_name("other.example.org");
    assert_eq!(
        guest.batch_since(mark),
        ["write data/host_name_dns = other", DOORBELL, "write data/updated"]
    );
}

// A package manager writes the new file beside the old one and renames it.
#[test]
fn os_release_replaced_by_rename_writes_os_majorver_and_doorbell() {
    let guest = Guest::new();
    let _agent = guest.published(&[]);
    let mark = guest.mark();
    guest.file("/etc/os-release.new", &OS_RELEASE.replace("12", "13"));
    guest.sh("mv /etc/os-release.new /etc/os-release");
    let changes = guest.batch_since(mark);
    assert!(changes.contains(&"write data/os_majorver = 13".into()), "{changes:?}");
    assert!(changes.contains(&DOORBELL.into()), "{changes:?}");
}

// The file is written again with the same content, or another file in its directory is written.
#[test]
fn unchanged_os_release_causes_no_write() {
    let guest = Guest::new();
    let _agent = guest.published(&[]);
    let mark = guest.mark();
    guest.file("/etc/os-release", OS_RELEASE);
    guest.file("/etc/motd", "hello");
    guest.assert_quiet_since(mark);
}

// Each start of a container sets a host name of its own, which poll(2) reports to all, and writes into `/etc`.
#[test]
fn host_names_of_containers_and_other_files_cause_no_read() {
    let guest = Guest::new();
    let traced = Traced::new(&guest);
    guest.wait_tree(FIRST_TREE);
    for n in 0..5 {
        let names = || count(&Traced::read(&guest), &["uname("]);
        let before = names();
        guest.sh(&format!("unshare --uts hostname container{n}; echo {n} >/etc/motd"));
        assert!(wait_for(PATIENCE, || names() > before));
    }
    guest.host_name("other.example.org");
    guest.wait_value("data/host_name_dns", "other");
    let calls = traced.calls();
    // At the start, and for the new name.
    assert_eq!(count(&calls, &["/etc/debian_version\", O_RDONLY"]), 2, "{calls:#?}");
}

// An editor may write a byte order mark.
#[test]
fn version_with_a_suffix_publishes_its_numbers_and_rfc_the_whole() {
    let guest = Guest::new();
    let text = "\u{feff}PRETTY_NAME=\"VyOS rolling\"\nID=vyos\nVERSION_ID=\"1.5-rolling-2024\"\n";
    guest.file("/etc/os-release", text);
    guest.run(&["-s", "--once"]);
    let tree = guest.tree();
    let keys = ["data/os_name", "data/os_distro", "data/os_majorver", "data/os_minorver"];
    assert_eq!(keys.map(|key| tree[key].as_str()), ["VyOS rolling", "vyos", "1", "5"]);
    guest.run(&["-s", "--once", "--schema", "rfc"]);
    assert_eq!(guest.tree()["data/os/version"], "1.5-rolling-2024");
}

#[test]
fn release_line_of_an_unknown_family_is_name_and_version() {
    let guest = Guest::new();
    guest.file("/etc/redhat-release", "NethServer release 7.9.2009 (final)\n");
    // The guest has the `/usr` of this machine.
    guest.sh("rm /etc/os-release /etc/debian_version
         ! [ -e /usr/lib/os-release ] || mount --bind /etc/redhat-release /usr/lib/os-release");
    guest.run(&["-s", "--once"]);
    let tree = guest.tree();
    let keys = ["data/os_name", "data/os_distro", "data/os_majorver", "data/os_minorver"];
    let expected = ["NethServer release 7.9.2009 (final)", "linux", "7", "9"];
    assert_eq!(keys.map(|key| tree[key].as_str()), expected);
}

// A collector that is switched off has its keys removed.
#[test]
fn without_removes_the_keys_of_each_collector() {
    let guest = Guest::new();
    guest.published(&[]).stop("TERM");
    let mark = guest.mark();
    assert_eq!(
        guest.run(&["-s", "--once", "--without", "net,os,memory,disks,sriov,drivers,service"]).code,
        Some(0)
    );
    let mut left = guest.tree();
    left.retain(|key, value| !value.is_empty() && !key.starts_with("attr/PVAddons/"));
    assert_eq!(left.into_keys().collect::<Vec<_>>(), ["data/updated"]);
    assert!(guest.changes_since(mark).contains(&"rm attr/vif".into()));
}
