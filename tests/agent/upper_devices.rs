//! What stands on a VIF is how one reaches the guest through it; what stands on none is nobody's.

use super::harness::Guest;

// "An address that lives on a bridge, a bond, a team or a VLAN on top of a VIF is that VIF's."
#[test]
fn a_vif_in_a_bridge_has_the_bridges_addresses() {
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

// To any depth, and for each VIF below.
#[test]
fn both_vifs_of_a_bridge_have_what_stands_on_it() {
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

// Own addresses come before inherited ones, global ones of either before link-local.
#[test]
fn a_vifs_own_addresses_come_before_inherited_ones() {
    let guest = Guest::new();
    guest.ip("link add mv0 link eth0 type macvlan\nlink set mv0 up");
    guest.ip("addr add 198.51.100.1/24 dev mv0\naddr add 169.254.3.3/16 dev eth0 scope link");
    let _agent = guest.published(&[]);
    assert_eq!(guest.values("attr/vif/0/ipv4"), ["192.0.2.10", "198.51.100.1", "169.254.3.3"]);
}

// A bridge that is down is no way to the guest.
#[test]
fn what_is_down_above_a_vif_gives_nothing() {
    let guest = Guest::new();
    guest.ip("link add mv0 link eth0 type macvlan\naddr add 198.51.100.1/24 dev mv0");
    let _agent = guest.published(&[]);
    assert_eq!(guest.values("attr/vif/0/ipv4"), ["192.0.2.10"]);
    guest.ip("link set mv0 up");
    guest.wait_value("attr/vif/0/ipv4/1", "198.51.100.1");
}

// "Container and tunnel interfaces over no VIF are nobody's", a veth's other end neither.
#[test]
fn what_stands_on_no_vif_is_nobodys() {
    let guest = Guest::new();
    guest.ip(
        "link add docker0 type bridge\nlink set docker0 up\naddr add 198.51.100.1/24 dev docker0",
    );
    guest.ip("addr add 198.51.100.2/24 dev p0");
    let _agent = guest.published(&[]);
    guest.catch_up();
    let others = guest.values("attr").iter().filter(|value| value.starts_with("198.51")).count();
    assert_eq!(others, 0);
}

// The address that the default route uses goes before its equals, as routes come and change.
#[test]
fn the_default_routes_address_comes_first() {
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
    // Without it they are equals again, and the one that people know stays.
    guest.ip("route add 203.0.113.0/24 via 192.0.2.1\nroute del default");
    guest.assert_quiet_since(mark);
}

// --exclude-nics leaves out a NIC whatever it is.
#[test]
fn a_nic_can_be_left_out() {
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

// A VIF that is down does not lead to its bridge.
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

// Nor does a bridge that is down lead to what is above it.
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
