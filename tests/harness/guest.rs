//! A guest on its host: namespaces with one VIF and the files of a Debian, and the host's xenstored.
//! `guest_tree.rs` reads the guest's keys.

use super::Scratch;
use super::agent::{Agent, Finished, program};
use super::changes::WatchCounter;
use super::kernel::Kernel;
use super::layout::{Layout, introduce, lay_out};
use super::ring::{self, Ring};
use super::tree::OS_RELEASE;
use super::wire::{Nodes, Store};
use super::world::TestNamespaces;
use super::xenstored::{Daemon, Xenstored};
use std::cell::RefCell;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::Command;

const DOMID: u32 = 1;
pub(super) const HOME: &str = "/local/domain/1";
/// The directory in which a host publishes SR-IOV virtual functions.
const FUNCTIONS: &str = "xenserver/device/net-sriov-vf";

/// The host's side: xenstored, dom0's connection to it, and the guest's.
pub(super) struct Host {
    pub(super) store: Store,
    pub(super) changes: WatchCounter,
    /// The keys that the toolstack made, not the guest.
    pub(super) made: Nodes,
    pub(super) ring: Ring,
    pub(super) daemon: Xenstored,
}

/// A guest, its namespaces and its host; all end when it is dropped.
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

    /// The same with another toolstack's tree and another xenstored.
    pub fn on(layout: Layout, daemon: Daemon) -> Guest {
        Guest::with(layout, daemon, Kernel::Linux6_1)
    }

    /// Runs a test in a new guest for each [`Kernel`].
    pub fn on_each_kernel(test: impl Fn(Guest)) {
        for kernel in Kernel::ALL {
            // Shown if the test fails.
            println!("{kernel:?}");
            test(Guest::with(Layout::Xapi, Daemon::C, kernel));
        }
    }

    /// The same with another kernel too.
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

    /// Starts the host's xenstored with the tree of a new guest.
    pub fn start_xenstored(&self) {
        self.start_xenstored_with(&Nodes::new());
    }

    /// The same, with keys that the guest wrote before.
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

    /// Makes the guest's tree again, as a toolstack does for a guest that is resumed or has migrated: all
    /// that the guest wrote is gone. The guest does not run meanwhile, so it never sees a part of a tree.
    pub fn recreate_tree(&self) {
        self.dom0(|host| {
            let _paused = host.ring.pause();
            host.store.rm(HOME).unwrap();
            lay_out(&mut host.store, DOMID, self.layout).unwrap();
        });
    }

    pub(super) fn dom0<T>(&self, ask: impl FnOnce(&mut Host) -> T) -> T {
        ask(self.host.borrow_mut().as_mut().expect("xenstored runs"))
    }

    /// The socket by which programs in the guest reach xenstored.
    pub fn socket(&self) -> PathBuf {
        self.run.path().join("guest")
    }

    /// The program with these arguments, to be run in the namespaces.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.world_command(program());
        command.args(arguments).env("XENSTORED_PATH", self.socket());
        command.env_remove("XENSTORE_SCHEMA").env_remove("RUST_LOG");
        command
    }

    /// Starts the agent, logging to standard error.
    pub fn agent(&self, arguments: &[&str]) -> Agent {
        Agent::spawn(self.command(&[&["-s"], arguments].concat()))
    }

    /// Starts the agent and waits until it has published.
    pub fn published(&self, arguments: &[&str]) -> Agent {
        let agent = self.agent(arguments);
        self.wait_published(&agent);
        agent
    }

    /// Waits until the agent has published the facts of all collectors that have any. On a slow machine those may
    /// need more than one batch.
    pub fn wait_published(&self, agent: &Agent) {
        self.wait(|tree| tree.contains_key("data/updated"));
        agent.wait_idle();
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        Agent::spawn(self.command(arguments)).wait()
    }

    /// Makes requests as another program in the guest.
    pub fn as_guest<T>(&self, requests: impl FnOnce(&mut Store) -> T) -> T {
        requests(&mut Store::connect(&self.socket()).unwrap())
    }

    /// Writes a key as the guest, as another or an older agent may have left it.
    pub fn write_as_guest(&self, key: &str, value: &str) {
        self.as_guest(|store| store.write(key, value)).unwrap();
    }

    /// Writes a key of the guest's tree as dom0, so that dom0 owns it.
    pub fn dom0_writes(&self, key: &str, value: &str) {
        self.as_host(|store| store.write(&format!("{HOME}/{key}"), value)).unwrap();
    }

    /// Plugs in an SR-IOV virtual function, as xenopsd does.
    pub fn plug_vf(&self, id: u32, mac: &str) {
        self.dom0_writes(&format!("{FUNCTIONS}/{id}/mac"), mac);
    }

    /// Unplugs it.
    pub fn unplug_vf(&self, id: u32) {
        self.as_host(|store| store.rm(&format!("{HOME}/{FUNCTIONS}/{id}"))).unwrap();
    }
}
