//! Addresses are added, removed and changed: which keys the agent writes and removes for that.

use super::harness::{Daemon, Guest, Layout};

/// Sorts changes: their order within `attr/` is not part of the contract.
fn sorted(mut changes: Vec<String>) -> Vec<String> {
    changes.sort();
    changes
}

// No value is written that is already there.
#[test]
fn added_address_causes_writes_of_address_prefix_and_updated() {
    let guest = Guest::new();
    let _agent = guest.published(&[]);
    let mark = guest.mark();
    guest.ip("addr add 198.51.100.7/25 dev eth0");
    let changes = guest.batch_since(mark);
    assert_eq!(changes.last().unwrap(), "write data/updated");
    assert_eq!(
        sorted(changes),
        [
            "write attr/vif/0/ipv4/1 = 198.51.100.7",
            "write attr/vif/0/ipv4/1/prefix = 25",
            "write data/updated"
        ]
    );
}

// One RM removes the address and the prefix below it.
#[test]
fn removed_address_causes_one_rm_and_updated() {
    let guest = Guest::new();
    guest.ip("addr add 198.51.100.7/25 dev eth0");
    let _agent = guest.published(&[]);
    let mark = guest.mark();
    guest.ip("addr del 198.51.100.7/25 dev eth0");
    assert_eq!(guest.batch_since(mark), ["rm attr/vif/0/ipv4/1", "write data/updated"]);
}

// The RM is of the highest node without a wanted key: no empty directory stays.
#[test]
fn last_removed_address_causes_rm_of_directory_ipv4() {
    let guest = Guest::new();
    let _agent = guest.published(&[]);
    let mark = guest.mark();
    guest.ip("addr del 192.0.2.10/24 dev eth0");
    assert_eq!(guest.batch_since(mark), ["rm attr/vif/0/ipv4", "write data/updated"]);
}

#[test]
fn ipv6_address_is_published_below_ipv6() {
    let guest = Guest::new();
    let _agent = guest.published(&[]);
    let mark = guest.mark();
    guest.ip("addr add 2001:db8::a/64 dev eth0 nodad");
    assert_eq!(
        sorted(guest.batch_since(mark)),
        [
            "write attr/vif/0/ipv6/0 = 2001:db8::a",
            "write attr/vif/0/ipv6/0/prefix = 64",
            "write data/updated"
        ]
    );
}

#[test]
fn replaced_address_is_removed_and_its_index_reused() {
    let guest = Guest::new();
    let _agent = guest.published(&[]);
    guest.ip("addr del 192.0.2.10/24 dev eth0\naddr add 198.51.100.7/25 dev eth0");
    guest.wait_value("attr/vif/0/ipv4/0", "198.51.100.7");
    guest.sync_with_agent();
    assert_eq!(guest.values("attr/vif/0/ipv4"), ["198.51.100.7", "203.0.113.1"]);
}

// The kernel has the address with both prefixes until one is removed.
#[test]
fn address_with_other_prefix_changes_key_prefix() {
    let guest = Guest::new();
    guest.ip("addr del 192.0.2.10/24 dev eth0\naddr add 192.0.2.10/31 dev eth0");
    let _agent = guest.published(&[]);
    guest.wait_value("attr/vif/0/ipv4/0/prefix", "31");
}

// The kernel may have an IPv4 address twice, with two prefixes.
#[test]
fn address_with_two_prefixes_stays_until_both_are_removed() {
    let guest = Guest::new();
    guest.ip("addr add 192.0.2.10/32 dev eth0");
    let _agent = guest.published(&[]);
    guest.ip("addr del 192.0.2.10/24 dev eth0");
    guest.wait_value("attr/vif/0/ipv4/0/prefix", "32");
    assert_eq!(guest.values("attr/vif/0/ipv4"), ["192.0.2.10"]);
    guest.ip("addr del 192.0.2.10/32 dev eth0");
    guest.wait_gone("attr/vif/0/ipv4/0");
}

// Each of 300 addresses has an index of its own; then all are removed.
#[test]
fn three_hundred_addresses_are_published_and_removed() {
    for daemon in [Daemon::C, Daemon::OCaml] {
        let guest = Guest::on(Layout::Xapi, daemon);
        let _agent = guest.published(&[]);
        let mut wanted: Vec<_> =
            (0..300).map(|n| format!("10.0.{}.{}", n / 100, n % 100 + 1)).collect();
        guest.ip(wanted
            .iter()
            .map(|address| format!("addr add {address}/16 dev eth0\n"))
            .collect::<String>());
        guest.wait(|tree| tree.values().filter(|value| value.starts_with("10.0.")).count() == 300);
        wanted.push("192.0.2.10".into());
        // As many values as keys, so each index is used once.
        assert_eq!(sorted(guest.values("attr/vif/0/ipv4")), sorted(wanted));
        guest.ip("addr flush dev eth0");
        guest.wait(|tree| tree.keys().all(|key| !key.starts_with("attr/vif/0/ipv4")));
        guest.wait_value("attr/vif/0/name", "eth0");
    }
}

// At the node quota the most important keys are published first, the rest once there is quota again.
#[test]
fn important_keys_are_published_at_the_node_quota() {
    let guest = Guest::new();
    let lines = (0..700).map(|n| format!("addr add 10.{}.{}.1/32 dev eth0\n", n / 250, n % 250));
    guest.ip(lines.collect::<String>());
    let agent = guest.agent(&[]);
    agent.wait_logged("low-priority keys are left out");
    guest.wait(|tree| {
        let important = [
            "attr/PVAddons/BuildVersion",
            "data/os_name",
            "attr/vif/0/ipv4/0",
            "data/meminfo_free",
        ];
        important.iter().all(|key| tree.contains_key(*key))
    });
    guest.ip("addr flush dev eth0\naddr add 192.0.2.77/24 dev eth0");
    guest.wait(|tree| {
        let addresses: Vec<_> =
            tree.iter().filter(|(key, _)| key.starts_with("attr/vif/0/ipv4")).collect();
        addresses.len() == 2 && addresses.iter().any(|(_, value)| *value == "192.0.2.77")
    });
}

// Without a carrier duplicate address detection waits: the address stays tentative until the test sets the
// peer up.
#[test]
fn tentative_address_is_published_once_it_is_valid() {
    let guest = Guest::new();
    let _agent = guest.published(&[]);
    guest.ip("link set p0 down\naddr add 2001:db8::a/64 dev eth0");
    guest.sync_with_agent();
    assert_eq!(guest.values("attr/vif/0/ipv6"), [""; 0]);
    guest.ip("link set p0 up");
    guest.wait_value("attr/vif/0/ipv6/0", "2001:db8::a");
}

// The kernel keeps the addresses, and detects duplicates again when the link is up again. Without a
// carrier it waits, except for the address without detection.
#[test]
fn kept_ipv6_address_of_a_link_that_was_down_is_published_once_it_is_valid_again() {
    let guest = Guest::new();
    guest.sh("echo 1 >/proc/sys/net/ipv6/conf/eth0/keep_addr_on_down");
    guest.ip("addr add 2001:db8::a/64 dev eth0\naddr add 2001:db8::b/64 dev eth0 nodad");
    let _agent = guest.published(&[]);
    guest.wait(|_| guest.values("attr/vif/0/ipv6").len() == 2);
    guest.ip("link set p0 down\nlink set eth0 down");
    guest.wait_gone("attr/vif/0/ipv4/0");
    guest.ip("link set eth0 up");
    guest.wait_value("attr/vif/0/ipv6/0", "2001:db8::b");
    guest.sync_with_agent();
    assert_eq!(guest.values("attr/vif/0/ipv6"), ["2001:db8::b"]);
    guest.ip("link set p0 up");
    guest.wait(|_| guest.values("attr/vif/0/ipv6").len() == 2);
}

// The peer has the address already: duplicate address detection fails.
#[test]
fn duplicate_address_is_not_published() {
    let guest = Guest::new();
    let _agent = guest.published(&[]);
    guest.ip("addr add 2001:db8::a/64 dev p0 nodad\naddr add 2001:db8::a/64 dev eth0");
    guest.wait_sh("ip -6 addr show dev eth0 | grep -q dadfailed");
    guest.sync_with_agent();
    assert_eq!(guest.values("attr/vif/0/ipv6"), [""; 0]);
}

// A point-to-point address has two ends; the guest is reached at its own.
#[test]
fn point_to_point_address_is_published_with_local_end() {
    let guest = Guest::new();
    guest.ip("addr flush dev eth0\naddr add 198.51.100.1 peer 198.51.100.2/32 dev eth0");
    guest.ip("addr add 2001:db8::1 peer 2001:db8::2/128 dev eth0 nodad");
    let _agent = guest.published(&[]);
    assert_eq!(guest.values("attr/vif/0/ipv4"), ["198.51.100.1"]);
    assert_eq!(guest.values("attr/vif/0/ipv6"), ["2001:db8::1"]);
}

// IPv4 addresses with different peer networks are different addresses for the kernel.
#[test]
fn ipv4_address_with_two_peers_stays_until_both_are_removed() {
    let guest = Guest::new();
    let with_peer = |n| format!("198.51.100.1 peer 198.51.100.{n}/32 dev eth0");
    guest.ip(format!("addr add {}\naddr add {}", with_peer(2), with_peer(3)));
    let _agent = guest.published(&[]);
    guest.ip(format!("addr del {}", with_peer(2)));
    guest.sync_with_agent();
    assert!(guest.values("attr/vif/0/ipv4").contains(&"198.51.100.1".to_owned()));
    guest.ip(format!("addr del {}", with_peer(3)));
    guest.wait(|tree| tree.values().all(|value| value != "198.51.100.1"));
}

// An IPv6 address is on a link only once, whatever its peer.
#[test]
fn ipv6_address_whose_peer_changed_is_removed_with_it() {
    let guest = Guest::new();
    guest.ip("addr add 2001:db8::1 peer 2001:db8::2/128 dev eth0 nodad");
    let _agent = guest.published(&[]);
    guest.wait_value("attr/vif/0/ipv6/0", "2001:db8::1");
    guest.ip("addr change 2001:db8::1 peer 2001:db8::3/128 dev eth0");
    guest.ip("addr del 2001:db8::1 peer 2001:db8::3/128 dev eth0");
    guest.wait_gone("attr/vif/0/ipv6/0");
}
