//! Links go down and up, are removed and added, and change their names and MACs.

use super::harness::{FIRST_TREE, Guest};

#[test]
fn vif_that_is_down_has_name_and_mac_only() {
    let guest = Guest::new();
    let _agent = guest.published(&[]);
    guest.ip("link set eth0 down");
    guest.wait_gone("attr/vif/0/ipv4/0");
    assert_eq!(
        guest.below("attr/vif"),
        "attr/vif/0/mac/0 = 00:16:3e:00:00:00\nattr/vif/0/name = eth0"
    );
    guest.ip("link set eth0 up");
    guest.wait_tree(FIRST_TREE);
}

#[test]
fn removed_vif_has_no_keys_and_all_once_it_is_added_again() {
    let guest = Guest::new();
    let _agent = guest.published(&[]);
    guest.ip("link del eth0");
    guest.wait(|tree| tree.keys().all(|key| !key.starts_with("attr/vif")));
    guest.link("eth0", 0);
    guest.ip("addr add 192.0.2.10/24 dev eth0");
    guest.wait_tree(FIRST_TREE);
}

#[test]
fn vif_plugged_in_later_is_published() {
    let guest = Guest::new();
    let _agent = guest.published(&[]);
    guest.vif("ens3", 12);
    guest.ip("addr add 198.51.100.1/24 dev ens3");
    guest.wait_value("attr/vif/12/ipv4/0", "198.51.100.1");
    assert_eq!(
        guest.below("attr/vif/12"),
        "attr/vif/12/ipv4/0 = 198.51.100.1\nattr/vif/12/ipv4/0/prefix = 24\n\
         attr/vif/12/mac/0 = 00:16:3e:00:00:0c\nattr/vif/12/name = ens3"
    );
}

// A VIF is found by its parent device, not by its name.
#[test]
fn renamed_vif_changes_key_name_only() {
    let guest = Guest::new();
    let _agent = guest.published(&[]);
    guest.is_vif("enX0", 0);
    guest.ip("link set eth0 down\nlink set eth0 name enX0\nlink set enX0 up");
    guest.wait_tree(&FIRST_TREE.replace("name = eth0", "name = enX0"));
}

#[test]
fn link_without_vif_as_parent_is_not_published() {
    let guest = Guest::new();
    guest.link("eth1", 1);
    guest.parent("vf0", "pci", "device/vif/2");
    guest.link("vf0", 2);
    let _agent = guest.published(&[]);
    guest.ip("addr add 198.51.100.1/24 dev eth1\naddr add 198.51.100.2/24 dev vf0");
    guest.sync_with_agent();
    assert!(!guest.below("attr/vif").contains("198.51.100"));
    assert!(!guest.below("attr/vif").lines().any(|line| !line.starts_with("attr/vif/0/")));
}

#[test]
fn changed_mac_causes_writes_of_mac_and_updated() {
    let guest = Guest::new();
    let _agent = guest.published(&[]);
    let mark = guest.mark();
    guest.ip("link set eth0 address 00:16:3e:aa:bb:cc");
    assert_eq!(
        guest.batch_since(mark),
        ["write attr/vif/0/mac/0 = 00:16:3e:aa:bb:cc", "write data/updated"]
    );
}

// The kernel announces a port that leaves its bridge by RTM_DELLINK of family AF_BRIDGE.
#[test]
fn vif_that_leaves_a_bridge_keeps_its_keys() {
    let guest = Guest::new();
    let _agent = guest.published(&[]);
    guest.ip("link add br0 type bridge\nlink set eth0 master br0");
    guest.ip("link set eth0 nomaster\nlink del br0");
    let mark = guest.mark();
    guest.assert_quiet_since(mark);
    assert!(guest.below("attr/vif/0").starts_with("attr/vif/0/ipv4/0 = 192.0.2.10\n"));
    assert!(guest.below("attr/vif/0").ends_with("attr/vif/0/name = eth0"));
}

#[test]
fn changed_mtu_and_queue_length_cause_no_write() {
    let guest = Guest::new();
    let _agent = guest.published(&[]);
    let mark = guest.mark();
    guest.ip("link set eth0 mtu 1400\nlink set eth0 txqueuelen 77\nlink set p0 mtu 1400");
    guest.assert_quiet_since(mark);
}

#[test]
fn twelve_vifs_are_published() {
    let guest = Guest::new();
    (1..12).for_each(|id| guest.vif(format!("eth{id}"), id));
    let _agent = guest.published(&[]);
    for id in 0..12 {
        guest.wait_value(&format!("attr/vif/{id}/mac/0"), &format!("00:16:3e:00:00:{id:02x}"));
    }
}

// Alternative names make the longest messages. The kernel rejects more than 64 KiB of names for a link.
#[test]
fn link_with_64_kib_of_names_is_published_and_its_event_read() {
    let guest = Guest::new();
    let name = |n| format!("link property add dev eth0 altname {:x<120}{n}\n", "");
    guest.ip_where_possible((0..600).map(name).collect::<String>());
    guest.wait_sh("test $(ip link show dev eth0 | wc -c) -gt 60000");
    let agent = guest.published(&[]);
    guest.wait_tree(FIRST_TREE);
    guest.ip("link set eth0 address 00:16:3e:aa:bb:cc");
    guest.wait_value("attr/vif/0/mac/0", "00:16:3e:aa:bb:cc");
    let log = agent.stop("TERM").stderr;
    assert!(!log.contains("network"), "{log}");
}

// udev swaps the names before the agent has read the first message. sysfs then has the other link by this
// name.
#[test]
fn links_whose_names_are_swapped_keep_their_own_vif() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    agent.signal("STOP");
    guest.vif("ens5", 5);
    guest.vif("ens6", 6);
    guest.ip("link set ens5 down\nlink set ens5 name tmp\nlink set ens6 down");
    guest.ip("link set ens6 name ens5\nlink set tmp name ens6");
    for (name, id) in [("ens5", 6), ("ens6", 5)] {
        guest.is_vif(name, id);
    }
    agent.signal("CONT");
    guest.wait_value("attr/vif/5/mac/0", "00:16:3e:00:00:05");
    guest.wait_value("attr/vif/5/name", "ens6");
    guest.wait_value("attr/vif/6/mac/0", "00:16:3e:00:00:06");
    guest.wait_value("attr/vif/6/name", "ens5");
}
