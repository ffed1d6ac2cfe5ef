//! xenserver/attr/net-sriov-vf: the addresses of virtual functions, which the host tells by their MAC.

use super::harness::{Daemon, Guest, Layout};

const HERE: &str = "xenserver/attr/net-sriov-vf";

/// A guest in which `vf0` is a NIC of no Xen driver, with the MAC 00:16:3e:00:00:07.
fn guest_with_vf0(layout: Layout, daemon: Daemon) -> Guest {
    with_vf0(Guest::on(layout, daemon))
}

fn with_vf0(guest: Guest) -> Guest {
    guest.link("vf0", 7);
    guest.ip("addr add 198.51.100.7/24 dev vf0");
    guest
}

// $ID is found by matching the NIC's MAC, whatever its case; functions come and go.
#[test]
fn a_function_that_is_plugged_in_shows_and_one_that_is_unplugged_goes() {
    for daemon in [Daemon::C, Daemon::OCaml] {
        let guest = guest_with_vf0(Layout::Xapi, daemon);
        let _agent = guest.published(&[]);
        assert_eq!(guest.below(HERE), "");
        for mac in ["00:16:3e:00:00:07", "00:16:3E:00:00:07"] {
            guest.plug_vf(3, mac);
            guest.wait_value(&format!("{HERE}/3/ipv4/0"), "198.51.100.7");
            guest.ip("addr add 2001:db8::7/64 dev vf0 nodad");
            guest.wait_value(&format!("{HERE}/3/ipv6/0"), "2001:db8::7");
            let keys = [
                format!("{HERE}/3/ipv4/0 = 198.51.100.7"),
                format!("{HERE}/3/ipv6/0 = 2001:db8::7"),
            ];
            assert_eq!(guest.below(HERE), keys.join("\n"));
            guest.ip("addr del 2001:db8::7/64 dev vf0");
            guest.unplug_vf(3);
            guest.wait_gone(&format!("{HERE}/3/ipv4/0"));
        }
    }
}

// One that was there before the agent is in the first batch, also with --once.
#[test]
fn a_function_that_is_there_already_is_published_at_once() {
    let guest = guest_with_vf0(Layout::Xapi, Daemon::C);
    guest.plug_vf(0, "00:16:3e:00:00:07");
    assert_eq!(guest.run(&["-s", "--once"]).code, Some(0));
    assert_eq!(guest.values(&format!("{HERE}/0/ipv4")), ["198.51.100.7"]);
    let mark = guest.mark();
    assert_eq!(guest.run(&["-s", "--once"]).code, Some(0));
    assert_eq!(guest.changes_since(mark), [""; 0]);
}

// However fast they come: none is overlooked while the others are read.
#[test]
fn functions_that_come_in_a_row_are_all_shown() {
    let guest = guest_with_vf0(Layout::Xapi, Daemon::C);
    let _agent = guest.published(&[]);
    for round in 0..20 {
        let ids = round * 10..round * 10 + 10;
        ids.clone().for_each(|id| guest.plug_vf(id, "00:16:3e:00:00:07"));
        guest.wait(|tree| ids.clone().all(|id| tree.contains_key(&format!("{HERE}/{id}/ipv4/0"))));
        ids.for_each(|id| guest.unplug_vf(id));
        guest.wait(|tree| !tree.keys().any(|key| key.starts_with(HERE)));
    }
}

// A VIF is no function, even one with its MAC; nor is what stands on the function.
#[test]
fn only_the_nic_itself_is_the_function() {
    let guest = guest_with_vf0(Layout::Xapi, Daemon::C);
    guest.ip("link set eth0 address 00:16:3e:00:00:07");
    guest.ip("link add br0 index 50 address 00:16:3e:00:00:07 type bridge\nlink set br0 up");
    guest.ip("addr add 203.0.113.50/24 dev br0");
    guest.plug_vf(0, "00:16:3e:00:00:07");
    guest.plug_vf(1, "no MAC at all");
    guest.plug_vf(2, "00:16:3e:99:99:99");
    let _agent = guest.published(&[]);
    guest.wait_value(&format!("{HERE}/0/ipv4/0"), "198.51.100.7");
    assert_eq!(guest.below(HERE), format!("{HERE}/0/ipv4/0 = 198.51.100.7"));
}

// After a resume the host may have plugged in others; everything is published again.
#[test]
fn after_a_resume_the_functions_of_the_new_host_are_shown() {
    Guest::on_each_kernel(|guest| {
        let guest = with_vf0(guest);
        guest.plug_vf(0, "00:16:3e:00:00:07");
        let agent = guest.published(&[]);
        guest.wait_value(&format!("{HERE}/0/ipv4/0"), "198.51.100.7");
        agent.signal("STOP");
        guest.recreate_tree();
        guest.plug_vf(5, "00:16:3e:00:00:07");
        agent.signal("CONT");
        guest.wait_value(&format!("{HERE}/5/ipv4/0"), "198.51.100.7");
        guest.wait_gone(&format!("{HERE}/0/ipv4/0"));
    });
}

// …and a restarted xenstored has none until it is told of them.
#[test]
fn a_restarted_xenstored_is_asked_again() {
    let guest = guest_with_vf0(Layout::Xapi, Daemon::C);
    guest.plug_vf(0, "00:16:3e:00:00:07");
    let agent = guest.published(&[]);
    guest.wait_value(&format!("{HERE}/0/ipv4/0"), "198.51.100.7");
    guest.kill_xenstored();
    agent.wait_logged("sriov: ");
    guest.start_xenstored();
    guest.plug_vf(0, "00:16:3e:00:00:07");
    guest.wait_value(&format!("{HERE}/0/ipv4/0"), "198.51.100.7");
}

// libxl makes no `xenserver/` node: absent is normal, and nothing to speak of.
#[test]
fn a_host_without_functions_costs_no_line_in_the_log() {
    for daemon in [Daemon::C, Daemon::OCaml] {
        let guest = guest_with_vf0(Layout::Xl, daemon);
        let agent = guest.published(&["-ldebug"]);
        guest.sync_with_agent();
        assert_eq!(guest.below("xenserver"), "");
        let log = agent.stop("TERM").stderr;
        assert!(!log.contains("sriov") && !log.contains("xenserver"), "{log}");
    }
}

// What is switched off tells nothing, and what it told is removed.
#[test]
fn without_sriov_what_was_told_of_functions_goes() {
    let guest = guest_with_vf0(Layout::Xapi, Daemon::C);
    guest.plug_vf(0, "00:16:3e:00:00:07");
    guest.run(&["-s", "--once"]);
    assert_eq!(guest.run(&["-s", "--once", "--without", "sriov"]).code, Some(0));
    assert_eq!(guest.below(HERE), "");
}
