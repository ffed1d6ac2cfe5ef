//! `STATUS=`: one line about the host and the published keys, sent when it changes.

use super::super::harness::{Agent, Daemon, Guest, Layout};
use super::{Manager, SOCKET};

/// Starts the agent as a service manager without a watchdog does.
fn start(guest: &Guest, arguments: &[&str]) -> Agent {
    let mut command = guest.command(&[&["-s"], arguments].concat());
    command.env("NOTIFY_SOCKET", SOCKET).env_remove("WATCHDOG_USEC");
    Agent::spawn(command)
}

#[test]
fn status_follows_addresses_and_vifs() {
    let guest = Guest::new();
    let manager = Manager::new(&guest);
    let _agent = start(&guest, &[]);
    assert_eq!(manager.receive_status(), "domain 1 on XAPI, 1 VIF, 1 address");
    guest.ip("addr add 198.51.100.7/25 dev eth0");
    assert_eq!(manager.receive_status(), "domain 1 on XAPI, 1 VIF, 2 addresses");
    guest.vif("eth1", 1);
    assert_eq!(manager.receive_status(), "domain 1 on XAPI, 2 VIFs, 2 addresses");
    guest.ip("link del eth1");
    assert_eq!(manager.receive_status(), "domain 1 on XAPI, 1 VIF, 2 addresses");
    guest.ip("addr flush dev eth0");
    assert_eq!(manager.receive_status(), "domain 1 on XAPI, 1 VIF, 0 addresses");
}

// libxl keeps `control` to itself.
#[test]
fn status_counts_denied_keys() {
    for daemon in [Daemon::C, Daemon::OCaml] {
        let guest = Guest::on(Layout::Xl, daemon);
        let manager = Manager::new(&guest);
        let _agent = start(&guest, &[]);
        let status = manager.receive_status();
        assert_eq!(status, "domain 1 on libxl, 1 VIF, 1 address, 1 key denied");
    }
}

// The next status is the one for the address that the harness adds.
#[test]
fn samples_and_reloads_send_no_status() {
    let guest = Guest::new();
    let manager = Manager::new(&guest);
    let agent = start(&guest, &["--memory-interval", "1"]);
    manager.receive_status();
    guest.memory(207_744, 100_400);
    guest.wait_value("data/meminfo_free", "100400");
    agent.signal("HUP");
    agent.wait_logged("reload");
    guest.sync_with_agent();
    assert_eq!(manager.receive_status(), "domain 1 on XAPI, 1 VIF, 2 addresses");
}

#[test]
fn status_reports_a_lost_connection() {
    let guest = Guest::new();
    let manager = Manager::new(&guest);
    let _agent = start(&guest, &[]);
    assert_eq!(manager.receive_status(), "domain 1 on XAPI, 1 VIF, 1 address");
    guest.kill_xenstored();
    guest.ip("addr add 198.51.100.7/25 dev eth0");
    assert_eq!(manager.receive_status(), "connection to xenstore lost, reconnecting");
    guest.start_xenstored();
    assert_eq!(manager.receive_status(), "domain 1 on XAPI, 1 VIF, 2 addresses");
}
