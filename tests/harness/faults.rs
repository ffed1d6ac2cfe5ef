//! Faults of the host: xenstored killed or stalled, nodes denied, quotas reached.

use super::guest::HOME;
use super::tree::{of_this_machine, text};
use super::wire::{Nodes, Store, WATCH, strings};
use super::{Agent, Guest, PATIENCE, wait_for};
use std::time::Duration;

/// More watches than any host allows a guest.
const QUOTA_OF_WATCHES: u32 = 1000;

impl Guest {
    /// Kills xenstored: its keys and all connections are gone.
    pub fn kill_xenstored(&self) {
        *self.host.borrow_mut() = None;
    }

    /// Stops xenstored, so that it answers no request.
    pub fn stall_xenstored(&self) {
        self.dom0(|host| host.daemon.stall());
    }

    /// Lets a stalled xenstored run again.
    pub fn resume_xenstored(&self) {
        self.dom0(|host| host.daemon.resume());
    }

    /// Makes requests as the host's toolstack.
    pub fn as_host<T>(&self, requests: impl FnOnce(&mut Store) -> T) -> T {
        self.dom0(|host| requests(&mut host.store))
    }

    /// Sets the permissions of a node as dom0: `n1` the guest owns it, `r1` it reads it, `n0` neither.
    pub fn allow(&self, key: &str, perms: &[&str]) {
        self.as_host(|store| store.set_perms(&format!("{HOME}/{key}"), perms)).unwrap();
    }

    /// Uses up the guest's quota of watches, until dropped.
    pub fn all_watches(&self) -> Store {
        let mut store = Store::connect(&self.socket()).unwrap();
        let refused = (0..QUOTA_OF_WATCHES)
            .find(|n| store.call(WATCH, &strings(&["error", &n.to_string()])).is_err());
        refused.expect("there is a quota");
        store
    }

    /// Waits until xenstored has handled all requests of the guest's processes that have ended.
    pub fn settle(&self) {
        assert!(wait_for(PATIENCE, || self.dom0(|host| host.ring.is_idle())));
        // This request comes after theirs in the ring.
        self.as_guest(|store| store.read("domid")).unwrap();
    }

    /// Waits for at most this long until the guest's keys are exactly these.
    pub fn wait_tree_for(&self, patience: Duration, keys: &str) {
        let wanted = of_this_machine(keys.trim_matches('\n'));
        wait_for(patience, || text(&self.tree()) == wanted);
        self.wait_tree(keys);
    }

    /// The guest's nodes as they are in xenstore: to be compared, or written to another xenstored.
    pub fn keys(&self) -> Nodes {
        self.dom0(|host| {
            let mut nodes = host.store.nodes(HOME);
            nodes.retain(|path, _| !host.made.contains_key(path));
            nodes
        })
    }
}

/// Sums over all rtnetlink sockets of the process: unread bytes and dropped datagrams, which are the columns
/// `Rmem` and `Drops` of `/proc/PID/net/netlink`.
pub fn waiting_and_dropped(agent: &Agent) -> (u64, u64) {
    let table = std::fs::read_to_string(format!("/proc/{}/net/netlink", agent.pid())).unwrap();
    let mut sum = (0, 0);
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split_whitespace().collect();
        // Protocol 0 is NETLINK_ROUTE. The kernel's own sockets have port 0. No other process in these
        // namespaces has such a socket.
        if columns[1] == "0" && columns[2] != "0" {
            sum.0 += columns[4].parse::<u64>().unwrap();
            sum.1 += columns[8].parse::<u64>().unwrap();
        }
    }
    sum
}
