//! What a host does to a guest in tests of faults: the part of a guest's vocabulary that is not for
//! ordinary days.

use super::guest::HOME;
use super::tree::{of_this_machine, text};
use super::wire::{Nodes, Store, WATCH, strings};
use super::{Agent, Guest, PATIENCE, wait_for};
use std::time::Duration;

/// More than any host lets a guest have.
const QUOTA_OF_WATCHES: u32 = 1000;

impl Guest {
    /// Kills the host's daemon: its store and all connections are gone.
    pub fn kill_xenstored(&self) {
        *self.host.borrow_mut() = None;
    }

    /// Has the host's daemon answer nobody any more.
    pub fn stall_xenstored(&self) {
        self.dom0(|host| host.daemon.stall());
    }

    /// Has a stalled xenstored answer again.
    pub fn resume_xenstored(&self) {
        self.dom0(|host| host.daemon.resume());
    }

    /// Waits until the agent has read all that the kernel has told it over netlink, and checks that it
    /// was never too late: the kernel had to drop nothing.
    pub fn wait_netlink_read(&self, agent: &Agent) {
        assert!(wait_for(PATIENCE, || waiting_and_dropped(agent).0 == 0), "netlink is not read");
        assert_eq!(waiting_and_dropped(agent).1, 0, "the kernel had to drop messages");
    }

    /// Asks the store as the host's toolstack.
    pub fn as_host<T>(&self, ask: impl FnOnce(&mut Store) -> T) -> T {
        self.dom0(|host| ask(&mut host.store))
    }

    /// Has dom0 say who may use a node of the guest: `n1` it owns it, `r1` it reads it, `n0` neither.
    pub fn allow(&self, key: &str, perms: &[&str]) {
        self.as_host(|store| store.set_perms(&format!("{HOME}/{key}"), perms)).unwrap();
    }

    /// Takes all the watches that the guest may have, until dropped.
    pub fn all_watches(&self) -> Store {
        let mut store = Store::connect(&self.socket()).unwrap();
        let refused = (0..QUOTA_OF_WATCHES)
            .find(|n| store.call(WATCH, &strings(&["error", &n.to_string()])).is_err());
        refused.expect("there is a quota");
        store
    }

    /// Waits until what the guest's processes, which have ended, asked of the store is done.
    pub fn settle(&self) {
        assert!(wait_for(PATIENCE, || self.dom0(|host| host.ring.is_idle())));
        // Behind their requests in the ring.
        self.as_guest(|store| store.read("domid")).unwrap();
    }

    /// Waits for so long until the guest's keys are exactly these, without a look at the trace.
    pub fn wait_tree_for(&self, patience: Duration, keys: &str) {
        let wanted = of_this_machine(keys.trim_matches('\n'));
        wait_for(patience, || text(&self.tree()) == wanted);
        self.wait_tree(keys);
    }

    /// The keys as they are in the store: a tree to be compared or put back.
    pub fn keys(&self) -> Nodes {
        self.dom0(|host| {
            let mut nodes = host.store.nodes(HOME);
            nodes.retain(|path, _| !host.made.contains_key(path));
            nodes
        })
    }
}

/// What the kernel holds for the process and had to drop, on all sockets of rtnetlink that it has: the
/// columns `Rmem`, in bytes, and `Drops`, in datagrams, of `/proc/PID/net/netlink`.
pub fn waiting_and_dropped(agent: &Agent) -> (u64, u64) {
    let table = std::fs::read_to_string(format!("/proc/{}/net/netlink", agent.pid())).unwrap();
    let mut sum = (0, 0);
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split_whitespace().collect();
        // Protocol 0 is NETLINK_ROUTE; the kernel's own end has port 0. Nobody else in this world listens.
        if columns[1] == "0" && columns[2] != "0" {
            sum.0 += columns[4].parse::<u64>().unwrap();
            sum.1 += columns[8].parse::<u64>().unwrap();
        }
    }
    sum
}
