//! Addresses of upper devices of a VIF (bridge, macvlan …) are published as the VIF's, others are not.

use super::harness::Guest;

#[test]
fn vif_in_bridge_has_addresses_of_the_bridge() {
    let guest = Guest::new();
    guest.ip("addr flush dev eth0\nlink add br0 type bridge\nlink set br0 up");
    guest.ip("addr add 198.51.100.1/24 dev br0");
    let _agent = guest.published(&[]);
    assert_eq!(guest.values("attr/vif/0/ipv4"), [""; 0]);
    let mark = guest.mark();
    guest.ip("link set eth0 master br0");
    assert_eq!(
        guest.batch_since(mark),
        [
            "write attr/vif/0/ipv4/0 = 198.51.100.1",
            "write attr/vif/0/ipv4/0/prefix = 24",
            "write data/updated"
        ]
    );
    guest.ip("link set eth0 nomaster");
    guest.wait_gone("attr/vif/0/ipv4");
}

#[test]
fn both_vifs_of_a_bridge_have_addresses_of_a_macvlan_above_it() {
    let guest = Guest::new();
    guest.vif("eth1", 1);
    guest.ip("addr flush dev eth0\nlink add br0 type bridge\nlink set br0 up");
    guest.ip("link set eth0 master br0\nlink set eth1 master br0");
    guest.ip("link add mv0 link br0 type macvlan mode bridge\nlink set mv0 up");
    guest.ip("addr add 198.51.100.1/24 dev mv0");
    let _agent = guest.published(&[]);
    for vif in [0, 1] {
        guest.wait_value(&format!("attr/vif/{vif}/ipv4/0"), "198.51.100.1");
    }
    guest.ip("link del mv0");
    for vif in [0, 1] {
        guest.wait_gone(&format!("attr/vif/{vif}/ipv4"));
    }
}

// Its own link-local addresses come last too.
#[test]
fn own_addresses_come_before_those_of_upper_devices() {
    let guest = Guest::new();
    guest.ip("link add mv0 link eth0 type macvlan\nlink set mv0 up");
    guest.ip("addr add 198.51.100.1/24 dev mv0\naddr add 169.254.3.3/16 dev eth0 scope link");
    let _agent = guest.published(&[]);
    assert_eq!(guest.values("attr/vif/0/ipv4"), ["192.0.2.10", "198.51.100.1", "169.254.3.3"]);
}

#[test]
fn upper_device_that_is_down_has_no_addresses() {
    let guest = Guest::new();
    guest.ip("link add mv0 link eth0 type macvlan\naddr add 198.51.100.1/24 dev mv0");
    let _agent = guest.published(&[]);
    assert_eq!(guest.values("attr/vif/0/ipv4"), ["192.0.2.10"]);
    guest.ip("link set mv0 up");
    guest.wait_value("attr/vif/0/ipv4/1", "198.51.100.1");
}

#[test]
fn addresses_of_docker_bridge_and_veth_peer_are_not_published() {
    let guest = Guest::new();
    guest.ip(
        "link add docker0 type bridge\nlink set docker0 up\naddr add 198.51.100.1/24 dev docker0",
    );
    guest.ip("addr add 198.51.100.2/24 dev p0");
    let _agent = guest.published(&[]);
    guest.sync_with_agent();
    let others = guest.values("attr").iter().filter(|value| value.starts_with("198.51")).count();
    assert_eq!(others, 0);
}

#[test]
fn source_of_default_route_comes_before_its_equals() {
    let guest = Guest::new();
    guest.ip("addr add 198.51.100.10/24 dev eth0");
    let _agent = guest.published(&[]);
    assert_eq!(guest.values("attr/vif/0/ipv4"), ["192.0.2.10", "198.51.100.10"]);
    let mark = guest.mark();
    guest.ip("route add default via 198.51.100.1");
    assert_eq!(
        guest.batch_since(mark),
        [
            "write attr/vif/0/ipv4/0 = 198.51.100.10",
            "write attr/vif/0/ipv4/1 = 192.0.2.10",
            "write data/updated"
        ]
    );
    let mark = guest.mark();
    // Without the route both have the same preference, and the order stays.
    guest.ip("route add 203.0.113.0/24 via 192.0.2.1\nroute del default");
    guest.assert_quiet_since(mark);
}

#[test]
fn exclude_nics_removes_a_vif_and_addresses_of_an_upper_device() {
    let guest = Guest::new();
    guest.vif("eth1", 1);
    guest.ip(
        "link add mv0 link eth0 type macvlan\nlink set mv0 up\naddr add 198.51.100.1/24 dev mv0",
    );
    guest.published(&["--exclude-nics", "eth1,mv*"]).stop("TERM");
    assert_eq!(guest.values("attr/vif/0/ipv4"), ["192.0.2.10"]);
    assert!(!guest.tree().contains_key("attr/vif/1/name"));
    let _agent = guest.published(&[]);
    guest.wait_value("attr/vif/1/name", "eth1");
    guest.wait_value("attr/vif/0/ipv4/1", "198.51.100.1");
}

// A VIF that is down cannot receive packets for its bridge.
#[test]
fn vif_that_is_down_shows_no_address_of_its_bridge() {
    let guest = Guest::new();
    guest.ip("addr flush dev eth0\nlink add br0 type bridge\nlink set br0 up");
    guest.ip("link set eth0 master br0\naddr add 198.51.100.1/24 dev br0");
    let _agent = guest.published(&[]);
    guest.wait_value("attr/vif/0/ipv4/0", "198.51.100.1");
    guest.ip("link set eth0 down");
    guest.wait_gone("attr/vif/0/ipv4/0");
    guest.ip("link set eth0 up");
    guest.wait_value("attr/vif/0/ipv4/0", "198.51.100.1");
}

#[test]
fn bridge_that_is_down_hides_addresses_above_it() {
    let guest = Guest::new();
    guest.ip("addr flush dev eth0\nlink add br0 type bridge\nlink set br0 up");
    guest.ip("link set eth0 master br0\nlink add mv0 link br0 type macvlan mode bridge");
    guest.ip("link set mv0 up\naddr add 198.51.100.1/24 dev mv0");
    let _agent = guest.published(&[]);
    guest.wait_value("attr/vif/0/ipv4/0", "198.51.100.1");
    guest.ip("link set br0 down");
    guest.wait_gone("attr/vif/0/ipv4/0");
}
