//! xenserver/attr/net-sriov-vf: the addresses of SR-IOV virtual functions. The host publishes the MAC of
//! each one; the agent finds the NIC with this MAC.

use super::harness::{Daemon, Guest, Layout};

const ROOT: &str = "xenserver/attr/net-sriov-vf";

/// A guest with `vf0`, which is no VIF and has the MAC 00:16:3e:00:00:07.
fn guest_with_vf0(layout: Layout, daemon: Daemon) -> Guest {
    with_vf0(Guest::on(layout, daemon))
}

fn with_vf0(guest: Guest) -> Guest {
    guest.link("vf0", 7);
    guest.ip("addr add 198.51.100.7/24 dev vf0");
    guest
}

// The case of the MAC does not matter.
#[test]
fn sriov_vf_is_published_from_plug_to_unplug() {
    for daemon in [Daemon::C, Daemon::OCaml] {
        let guest = guest_with_vf0(Layout::Xapi, daemon);
        let _agent = guest.published(&[]);
        assert_eq!(guest.below(ROOT), "");
        for mac in ["00:16:3e:00:00:07", "00:16:3E:00:00:07"] {
            guest.plug_vf(3, mac);
            guest.wait_value(&format!("{ROOT}/3/ipv4/0"), "198.51.100.7");
            guest.ip("addr add 2001:db8::7/64 dev vf0 nodad");
            guest.wait_value(&format!("{ROOT}/3/ipv6/0"), "2001:db8::7");
            let keys = [
                format!("{ROOT}/3/ipv4/0 = 198.51.100.7"),
                format!("{ROOT}/3/ipv6/0 = 2001:db8::7"),
            ];
            assert_eq!(guest.below(ROOT), keys.join("\n"));
            guest.ip("addr del 2001:db8::7/64 dev vf0");
            guest.unplug_vf(3);
            guest.wait_gone(&format!("{ROOT}/3/ipv4/0"));
        }
    }
}

#[test]
fn first_batch_has_sriov_vf_plugged_before_the_start() {
    let guest = guest_with_vf0(Layout::Xapi, Daemon::C);
    guest.plug_vf(0, "00:16:3e:00:00:07");
    assert_eq!(guest.run(&["-s", "--once"]).code, Some(0));
    assert_eq!(guest.values(&format!("{ROOT}/0/ipv4")), ["198.51.100.7"]);
    guest.assert_restart_is_quiet(&[]);
}

#[test]
fn ten_sriov_vfs_plugged_in_a_row_are_all_published() {
    let guest = guest_with_vf0(Layout::Xapi, Daemon::C);
    let _agent = guest.published(&[]);
    for round in 0..20 {
        let ids = round * 10..round * 10 + 10;
        ids.clone().for_each(|id| guest.plug_vf(id, "00:16:3e:00:00:07"));
        guest.wait(|tree| ids.clone().all(|id| tree.contains_key(&format!("{ROOT}/{id}/ipv4/0"))));
        ids.for_each(|id| guest.unplug_vf(id));
        guest.wait(|tree| !tree.keys().any(|key| key.starts_with(ROOT)));
    }
}

// A VIF and an upper device of the VF may have the same MAC.
#[test]
fn vif_and_bridge_with_the_mac_of_an_sriov_vf_are_not_it() {
    let guest = guest_with_vf0(Layout::Xapi, Daemon::C);
    guest.ip("link set eth0 address 00:16:3e:00:00:07");
    guest.ip("link add br0 index 50 address 00:16:3e:00:00:07 type bridge\nlink set br0 up");
    guest.ip("addr add 203.0.113.50/24 dev br0");
    guest.plug_vf(0, "00:16:3e:00:00:07");
    guest.plug_vf(1, "no MAC at all");
    guest.plug_vf(2, "00:16:3e:99:99:99");
    let _agent = guest.published(&[]);
    guest.wait_value(&format!("{ROOT}/0/ipv4/0"), "198.51.100.7");
    assert_eq!(guest.below(ROOT), format!("{ROOT}/0/ipv4/0 = 198.51.100.7"));
}

// After a resume the VFs are those of the new host.
#[test]
fn sriov_vfs_of_the_new_host_are_published_after_a_resume() {
    Guest::on_each_kernel(|guest| {
        let guest = with_vf0(guest);
        guest.plug_vf(0, "00:16:3e:00:00:07");
        let agent = guest.published(&[]);
        guest.wait_value(&format!("{ROOT}/0/ipv4/0"), "198.51.100.7");
        agent.signal("STOP");
        guest.recreate_tree();
        guest.plug_vf(5, "00:16:3e:00:00:07");
        agent.signal("CONT");
        guest.wait_value(&format!("{ROOT}/5/ipv4/0"), "198.51.100.7");
        guest.wait_gone(&format!("{ROOT}/0/ipv4/0"));
    });
}

// A restarted xenstored has no VFs until the toolstack writes them.
#[test]
fn sriov_vf_is_published_after_xenstored_restarts() {
    let guest = guest_with_vf0(Layout::Xapi, Daemon::C);
    guest.plug_vf(0, "00:16:3e:00:00:07");
    let agent = guest.published(&[]);
    guest.wait_value(&format!("{ROOT}/0/ipv4/0"), "198.51.100.7");
    guest.kill_xenstored();
    agent.wait_logged("warn: xenstore watch: ");
    guest.start_xenstored();
    guest.plug_vf(0, "00:16:3e:00:00:07");
    guest.wait_value(&format!("{ROOT}/0/ipv4/0"), "198.51.100.7");
}

// libxl makes no `xenserver/` node.
#[test]
fn host_without_sriov_vfs_is_not_logged() {
    for daemon in [Daemon::C, Daemon::OCaml] {
        let guest = guest_with_vf0(Layout::Xl, daemon);
        let agent = guest.published(&["-ldebug"]);
        guest.sync_with_agent();
        assert_eq!(guest.below("xenserver"), "");
        let log = agent.stop("TERM").stderr;
        assert!(!log.contains("sriov") && !log.contains("xenserver"), "{log}");
    }
}

#[test]
fn without_sriov_removes_addresses_of_sriov_vfs() {
    let guest = guest_with_vf0(Layout::Xapi, Daemon::C);
    guest.plug_vf(0, "00:16:3e:00:00:07");
    guest.run(&["-s", "--once"]);
    assert_eq!(guest.run(&["-s", "--once", "--without", "sriov"]).code, Some(0));
    assert_eq!(guest.below(ROOT), "");
}
