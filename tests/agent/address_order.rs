//! Which address has the lowest index: XAPI sorts the indices as numbers and shows that address first.

use super::harness::Guest;

#[test]
fn primary_address_has_a_lower_index_than_secondary() {
    let guest = Guest::new();
    guest.ip("addr add 192.0.2.9/24 dev eth0\naddr add 192.0.2.8/24 dev eth0");
    let _agent = guest.published(&[]);
    assert_eq!(guest.values("attr/vif/0/ipv4"), ["192.0.2.10", "192.0.2.9", "192.0.2.8"]);
}

// Also if it is added later.
#[test]
fn global_address_has_a_lower_index_than_link_local() {
    let guest = Guest::new();
    guest.ip("addr flush dev eth0\naddr add 169.254.7.7/16 dev eth0 scope link");
    let _agent = guest.published(&[]);
    guest.ip("addr add 192.0.2.10/24 dev eth0");
    guest.wait(|tree| tree.values().any(|value| value == "192.0.2.10"));
    guest.sync_with_agent();
    assert_eq!(guest.values("attr/vif/0/ipv4")[0], "192.0.2.10");
    assert_eq!(guest.values("attr/vif/0/ipv4").len(), 3);
}

#[test]
fn deprecated_address_moves_behind_a_valid_one() {
    let guest = Guest::new();
    guest.ip("addr add 2001:db8::a/64 dev eth0 nodad\naddr add 2001:db8::b/64 dev eth0 nodad");
    let _agent = guest.published(&[]);
    let [first, second] = &guest.values("attr/vif/0/ipv6")[..] else { panic!("two addresses") };
    guest.ip(format!("addr change {first}/64 dev eth0 preferred_lft 0 valid_lft 1000"));
    guest.wait(|_| guest.values("attr/vif/0/ipv6") == [second.clone(), first.clone()]);
}

// A free index above the lowest is used again.
#[test]
fn address_keeps_its_index_and_free_index_is_reused() {
    let guest = Guest::new();
    guest.ip("addr add 198.51.100.1/32 dev eth0\naddr add 198.51.100.2/32 dev eth0");
    let _agent = guest.published(&[]);
    guest.ip("addr del 198.51.100.1/32 dev eth0");
    guest.wait_gone("attr/vif/0/ipv4/1");
    guest.wait_value("attr/vif/0/ipv4/2", "198.51.100.2");
    guest.ip("addr add 198.51.100.3/32 dev eth0");
    guest.wait_value("attr/vif/0/ipv4/1", "198.51.100.3");
    assert_eq!(guest.values("attr/vif/0/ipv4"), ["192.0.2.10", "198.51.100.3", "198.51.100.2"]);
}

// The next address has the lowest index then: nothing is moved.
#[test]
fn removed_first_address_moves_no_other() {
    let guest = Guest::new();
    guest.ip("addr add 198.51.100.1/32 dev eth0\naddr add 198.51.100.2/32 dev eth0");
    let _agent = guest.published(&[]);
    let mark = guest.mark();
    guest.ip("addr del 192.0.2.10/24 dev eth0");
    assert_eq!(guest.batch_since(mark), ["rm attr/vif/0/ipv4/0", "write data/updated"]);
}

// 169.254/16 is link-local (RFC 3927), but ip(8) adds it with global scope.
#[test]
fn link_local_ipv4_address_of_global_scope_comes_last() {
    let guest = Guest::new();
    guest.ip("addr flush dev eth0\naddr add 169.254.7.7/16 dev eth0 scope global");
    guest.ip("addr add 192.0.2.10/24 dev eth0 preferred_lft 0");
    let _agent = guest.published(&[]);
    assert_eq!(guest.values("attr/vif/0/ipv4"), ["192.0.2.10", "169.254.7.7"]);
}

// A routing rule changes which default route the kernel uses, without a change of a route.
#[test]
fn routing_rule_changes_which_address_is_first() {
    let guest = Guest::new();
    guest.ip("addr add 198.51.100.10/24 dev eth0");
    guest.ip("route add default via 192.0.2.1\nroute add default via 198.51.100.1 table 100");
    let _agent = guest.published(&[]);
    assert_eq!(guest.values("attr/vif/0/ipv4"), ["192.0.2.10", "198.51.100.10"]);
    guest.ip("rule add pref 100 lookup 100");
    guest.wait_value("attr/vif/0/ipv4/0", "198.51.100.10");
    guest.ip("rule del pref 100\nrule add pref 101 from all lookup main");
    guest.wait_value("attr/vif/0/ipv4/0", "192.0.2.10");
}

// The kernel removes an IPv4 route with its source address, and sends an event about the address only.
#[test]
fn removed_default_source_is_replaced_in_one_batch() {
    let guest = Guest::new();
    guest.ip("addr flush dev eth0\naddr add 192.0.2.10/24 dev eth0");
    guest.ip("addr add 198.51.100.7/24 dev eth0\naddr add 203.0.113.9/24 dev eth0");
    guest.ip("route add default via 192.0.2.1 src 192.0.2.10 metric 1");
    guest.ip("route add default via 203.0.113.2 src 203.0.113.9 metric 2");
    let _agent = guest.published(&[]);
    assert_eq!(guest.values("attr/vif/0/ipv4"), ["192.0.2.10", "198.51.100.7", "203.0.113.9"]);
    let mark = guest.mark();
    guest.ip("addr del 192.0.2.10/24 dev eth0");
    guest.wait_gone("attr/vif/0/ipv4/2");
    guest.batch_since(mark);
    let batches = guest.changes_since(mark);
    assert_eq!(batches.iter().filter(|change| *change == "write data/updated").count(), 1);
    assert_eq!(guest.values("attr/vif/0/ipv4")[0], "203.0.113.9");
}

// IPv6 has its own events for routes and rules.
#[test]
fn ipv6_default_route_and_rule_change_which_address_is_first() {
    let guest = Guest::new();
    guest.ip("addr add 2001:db8::a/64 dev eth0 nodad\naddr add 2001:db8::b/64 dev eth0 nodad");
    let _agent = guest.published(&[]);
    let [first, second] = &guest.values("attr/vif/0/ipv6")[..] else { panic!("two addresses") };
    guest.sh(&format!("ip -6 route add default via 2001:db8::1 dev eth0 src {second}"));
    guest.wait_value("attr/vif/0/ipv6/0", second);
    guest.sh(&format!("ip -6 route add default via 2001:db8::1 dev eth0 src {first} table 100"));
    guest.sync_with_agent();
    guest.sh("ip -6 rule add pref 100 lookup 100");
    guest.wait_value("attr/vif/0/ipv6/0", first);
}
