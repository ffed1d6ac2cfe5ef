//! A guest on its host: a world with one VIF and a Debian in it, and the host's store.
//! This is the whole vocabulary of most tests.

use super::agent::{Agent, Finished, PROGRAM};
use super::changes::WatchCounter;
use super::layout::{Layout, introduce, lay_out};
use super::ring::{self, Kernel, Ring};
use super::tree::{OS_RELEASE, difference, is_rfc3339_utc, of_this_machine, text};
use super::wire::{Nodes, Store};
use super::world::TestNamespaces;
use super::xenstored::{Daemon, Xenstored};
use super::{PATIENCE, Scratch};
use std::cell::RefCell;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

const DOMID: u32 = 1;
pub(super) const HOME: &str = "/local/domain/1";
/// Where a host that can tells of SR-IOV virtual functions.
const FUNCTIONS: &str = "xenserver/device/net-sriov-vf";

/// What dom0 holds of the guest, and how the guest reaches it.
pub(super) struct Host {
    pub(super) store: Store,
    pub(super) changes: WatchCounter,
    /// What the toolstack made: not the guest's doing.
    pub(super) made: Nodes,
    pub(super) ring: Ring,
    pub(super) daemon: Xenstored,
}

/// A guest, its world and its host; gone when dropped.
pub struct Guest {
    pub(super) host: RefCell<Option<Host>>,
    world: TestNamespaces,
    daemon: Daemon,
    layout: Layout,
    kernel: Kernel,
    pub run: Scratch,
    _scratch: Scratch,
}

impl Deref for Guest {
    type Target = TestNamespaces;

    fn deref(&self) -> &TestNamespaces {
        &self.world
    }
}

impl Guest {
    /// A Debian 12 named `guest.example.org` on XCP-ng: `eth0` is VIF 0 with 192.0.2.10/24.
    pub fn new() -> Guest {
        Guest::on(Layout::Xapi, Daemon::C)
    }

    /// The same on another host.
    pub fn on(layout: Layout, daemon: Daemon) -> Guest {
        Guest::with(layout, daemon, Kernel::Linux6_1)
    }

    /// Runs a test in a new guest for each way in which kernels answer.
    pub fn on_each_kernel(test: impl Fn(Guest)) {
        for kernel in Kernel::ALL {
            // Seen when the test fails.
            println!("{kernel:?}");
            test(Guest::with(Layout::Xapi, Daemon::C, kernel));
        }
    }

    /// The same on another host and with another kernel.
    pub fn with(layout: Layout, daemon: Daemon, kernel: Kernel) -> Guest {
        let (run, scratch) = (Scratch::new(), Scratch::new());
        let world = TestNamespaces::new(scratch.path());
        let host = RefCell::default();
        let guest = Guest { host, world, daemon, layout, kernel, run, _scratch: scratch };
        guest.file("/sys/hypervisor/type", "xen\n");
        guest.file("/sys/devices/system/xen_memory/xen_memory0/info/current_kb", "262144\n");
        guest.file("/etc/os-release", OS_RELEASE);
        guest.file("/etc/debian_version", "12.7\n");
        guest.file("/etc/hosts", "127.0.0.1 localhost\n");
        guest.host_name("guest.example.org");
        guest.memory(207_744, 150_400);
        guest.vif("eth0", 0);
        guest.driver("vif", "xen_netfront", &["vif-0"]);
        guest.ip("addr add 192.0.2.10/24 dev eth0");
        guest.start_xenstored();
        guest
    }

    /// Starts the host's daemon with a store as a new guest finds it.
    pub fn start_xenstored(&self) {
        self.start_xenstored_with(&Nodes::new());
    }

    /// The same, with keys of the guest's that were there before.
    pub fn start_xenstored_with(&self, old: &Nodes) {
        let run = self.run.path();
        ring::make_page(run, DOMID);
        let daemon = Xenstored::start(self.daemon, run);
        let mut store = Store::connect(&run.join("socket")).unwrap();
        lay_out(&mut store, DOMID, self.layout).unwrap();
        introduce(&mut store, DOMID).unwrap();
        let made = store.nodes(HOME);
        old.iter().for_each(|(key, value)| store.write(&format!("{HOME}/{key}"), value).unwrap());
        let changes = WatchCounter::of(&run.join("socket"), HOME);
        let ring = Ring::open(run, DOMID, &self.socket(), self.kernel);
        *self.host.borrow_mut() = Some(Host { store, changes, made, ring, daemon });
    }

    /// Builds the guest's tree anew, as a toolstack does for a guest that it resumes or has
    /// taken over from another host: all that the guest wrote is gone.
    pub fn rebuild(&self) {
        self.dom0(|host| {
            host.store.rm(HOME).unwrap();
            lay_out(&mut host.store, DOMID, self.layout).unwrap();
        });
    }

    pub(super) fn dom0<T>(&self, ask: impl FnOnce(&mut Host) -> T) -> T {
        ask(self.host.borrow_mut().as_mut().expect("xenstored runs"))
    }

    /// Where programs in the guest find the store.
    pub fn socket(&self) -> PathBuf {
        self.run.path().join("guest")
    }

    /// The program, to be run in the world with these arguments.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.world_command(PROGRAM);
        command.args(arguments).env("XENSTORED_PATH", self.socket());
        command.env_remove("XENSTORE_SCHEMA").env_remove("RUST_LOG");
        command
    }

    /// Starts the agent, logging to standard error.
    pub fn agent(&self, arguments: &[&str]) -> Agent {
        Agent::spawn(self.command(&[&["-s"], arguments].concat()))
    }

    /// Starts the agent and waits for the end of its first batch.
    pub fn published(&self, arguments: &[&str]) -> Agent {
        let agent = self.agent(arguments);
        self.wait(|tree| tree.contains_key("data/updated"));
        agent
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        Agent::spawn(self.command(arguments)).wait()
    }

    /// Asks the store as another program in the guest would.
    pub fn as_guest<T>(&self, ask: impl FnOnce(&mut Store) -> T) -> T {
        ask(&mut Store::connect(&self.socket()).unwrap())
    }

    /// Writes a key as the guest: what an agent before ours, or an older one, left.
    pub fn left_behind(&self, key: &str, value: &str) {
        self.as_guest(|store| store.write(key, value)).unwrap();
    }

    /// Has dom0 write a key of the guest's tree, which nothing but permissions makes the guest's.
    pub fn dom0_writes(&self, key: &str, value: &str) {
        self.as_host(|store| store.write(&format!("{HOME}/{key}"), value)).unwrap();
    }

    /// Plugs in an SR-IOV virtual function, as xenopsd does.
    pub fn plug_function(&self, id: u32, mac: &str) {
        self.dom0_writes(&format!("{FUNCTIONS}/{id}/mac"), mac);
    }

    /// Unplugs it.
    pub fn unplug_function(&self, id: u32) {
        self.as_host(|store| store.rm(&format!("{HOME}/{FUNCTIONS}/{id}"))).unwrap();
    }

    /// Every key that the guest made, by path below its home; an empty node that holds something
    /// is not told. A time is `<now>`, when it is one.
    pub fn tree(&self) -> Nodes {
        self.dom0(|host| {
            let mut tree = host.store.nodes(HOME);
            let paths: Vec<String> = tree.keys().cloned().collect();
            let holds = |path: &String| {
                paths.iter().any(|p| p.strip_prefix(path).is_some_and(|p| p.starts_with('/')))
            };
            tree.retain(|path, value| {
                let is_hosts = host.made.contains_key(path) || path.starts_with("xenserver/device");
                !is_hosts && (!value.is_empty() || !holds(path))
            });
            for key in ["data/updated", "data/service/xen-guest-agent/started"] {
                if let Some(time) = tree.get_mut(key).filter(|time| is_rfc3339_utc(time)) {
                    *time = "<now>".into();
                }
            }
            tree
        })
    }

    /// Waits until the tree is as described.
    pub fn wait(&self, described: impl Fn(&Nodes) -> bool) -> Nodes {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.dom0(|host| host.changes.count());
            let tree = self.tree();
            if described(&tree) {
                return tree;
            }
            let changed = self.dom0(|host| host.changes.wait_beyond(seen, deadline));
            assert!(changed, "the store never became what was waited for:\n{}", text(&tree));
        }
    }

    /// Waits until a key has a value.
    pub fn wait_value(&self, key: &str, value: &str) {
        self.wait(|tree| tree.get(key).is_some_and(|is| is == value));
    }

    /// Waits until a key is not there.
    pub fn wait_gone(&self, key: &str) {
        self.wait(|tree| !tree.contains_key(key));
    }

    /// Waits until the guest's keys are exactly these, one `key = value` a line.
    pub fn wait_tree(&self, keys: &str) {
        let wanted = of_this_machine(keys.trim_matches('\n'));
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.dom0(|host| host.changes.count());
            let is = text(&self.tree());
            if is == wanted {
                return;
            }
            if !self.dom0(|host| host.changes.wait_beyond(seen, deadline)) {
                panic!("keys missing (-) and not wanted (+):\n{}", difference(&wanted, &is));
            }
        }
    }

    /// The values of a node's children, in the order of their numbers, which must be numbers.
    pub fn values(&self, node: &str) -> Vec<String> {
        let below = |key: &str| key.strip_prefix(node)?.strip_prefix('/').map(str::to_string);
        let children =
            self.tree().into_iter().filter_map(|(key, value)| Some((below(&key)?, value)));
        let direct = children.filter(|(child, _)| !child.contains('/'));
        let mut numbered: Vec<(u64, String)> =
            direct.map(|(child, value)| (child.parse().unwrap(), value)).collect();
        numbered.sort();
        numbered.into_iter().map(|(_, value)| value).collect()
    }

    /// The tree below one node, one `key = value` a line, as it is now.
    pub fn below(&self, node: &str) -> String {
        let tree = self.tree();
        text(&tree.into_iter().filter(|(key, _)| key.starts_with(node)).collect())
    }
}
