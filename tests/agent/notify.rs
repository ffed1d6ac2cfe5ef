//! What it tells the service manager that started it: sd_notify(3), sd_watchdog_enabled(3).

use super::harness::{Agent, Guest, PATIENCE, PROGRAM, wait_for};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::Command;
use std::time::{Duration, Instant};

const SOCKET: &str = "/run/systemd/notify";

/// A service manager's end of the line.
struct Manager(UnixDatagram);

impl Manager {
    fn new(guest: &Guest) -> Manager {
        guest.sh("mkdir -p /run/systemd");
        Manager::with(UnixDatagram::bind(guest.path(SOCKET)).unwrap())
    }

    fn with(socket: UnixDatagram) -> Manager {
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Manager(socket)
    }

    /// The next word, which must come.
    fn hears(&self) -> String {
        self.heard().expect("nothing was said")
    }

    /// The next word, if one comes in time.
    fn heard(&self) -> Option<String> {
        let mut bytes = [0; 256];
        let length = self.0.recv(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes[..length]).into_owned())
    }

    /// Nothing is said for this long.
    fn assert_silent_for(&self, time: Duration) {
        self.0.set_read_timeout(Some(time)).unwrap();
        assert_eq!(self.heard(), None);
        self.0.set_read_timeout(Some(PATIENCE)).unwrap();
    }

    /// Waits until nothing is said for this long.
    fn wait_silent_for(&self, time: Duration) {
        self.0.set_read_timeout(Some(time)).unwrap();
        assert!(wait_for(PATIENCE, || self.heard().is_none()), "it goes on to tell");
        self.0.set_read_timeout(Some(PATIENCE)).unwrap();
    }
}

/// The agent, started as a service manager with a watchdog would start it.
fn with_watchdog(guest: &Guest, interval: Duration) -> Command {
    let mut command = guest.command(&["-s"]);
    command.env("NOTIFY_SOCKET", SOCKET).env_remove("WATCHDOG_PID");
    command.env("WATCHDOG_USEC", interval.as_micros().to_string());
    command
}

/// One that bites soon.
const SOON: Duration = Duration::from_millis(200);

// Type=notify: ready once it runs, stopping once it is told to end.
#[test]
fn it_tells_that_it_is_ready_and_that_it_stops_and_nothing_else() {
    let guest = Guest::new();
    let manager = Manager::new(&guest);
    let mut command = with_watchdog(&guest, SOON);
    command.env_remove("WATCHDOG_USEC");
    let agent = Agent::spawn(command);
    assert_eq!(manager.hears(), "READY=1");
    guest.sync_with_agent();
    agent.signal("TERM");
    assert_eq!(manager.hears(), "STOPPING=1");
    assert_eq!(agent.wait().code, Some(0));
    manager.assert_silent_for(Duration::from_millis(1));
}

// The boot waits for nothing that the host may not answer.
#[test]
fn it_is_ready_though_the_store_does_not_answer() {
    let guest = Guest::new();
    let manager = Manager::new(&guest);
    guest.stall_xenstored();
    let _agent = Agent::spawn(with_watchdog(&guest, SOON));
    assert_eq!(manager.hears(), "READY=1");
}

#[test]
fn it_feeds_the_watchdog_in_time_while_nothing_happens() {
    let guest = Guest::new();
    let manager = Manager::new(&guest);
    let interval = Duration::from_secs(2);
    let _agent = Agent::spawn(with_watchdog(&guest, interval));
    assert_eq!(manager.hears(), "READY=1");
    for _ in 0..3 {
        let start = Instant::now();
        assert_eq!(manager.hears(), "WATCHDOG=1");
        assert!(start.elapsed() < interval, "{:?}", start.elapsed());
    }
}

// A store that is gone is no reason for a restart: the publisher comes round and tries again.
#[test]
fn it_feeds_the_watchdog_without_a_store() {
    let guest = Guest::new();
    let manager = Manager::new(&guest);
    let agent = Agent::spawn(with_watchdog(&guest, SOON));
    guest.wait(|tree| tree.contains_key("data/updated"));
    guest.kill_xenstored();
    guest.ip("addr add 198.51.100.7/25 dev eth0");
    agent.wait_logged("xenstore connection lost");
    manager.0.set_nonblocking(true).unwrap();
    while manager.heard().is_some() {}
    manager.0.set_nonblocking(false).unwrap();
    for _ in 0..5 {
        assert_eq!(manager.hears(), "WATCHDOG=1");
    }
}

// …one that takes a request and leaves it there is: the other threads do not feed for the publisher.
#[test]
fn it_does_not_feed_the_watchdog_while_the_store_is_stalled() {
    let guest = Guest::new();
    let manager = Manager::new(&guest);
    let agent = Agent::spawn(with_watchdog(&guest, SOON));
    guest.wait(|tree| tree.contains_key("data/updated"));
    guest.stall_xenstored();
    guest.ip("addr add 198.51.100.7/25 dev eth0");
    manager.wait_silent_for(10 * SOON);
    agent.signal("TERM");
    assert_eq!(manager.hears(), "STOPPING=1");
}

// WATCHDOG_PID names another process: a parent of ours is to feed.
#[test]
fn it_feeds_no_watchdog_of_another_process() {
    let guest = Guest::new();
    let manager = Manager::new(&guest);
    let mut command = with_watchdog(&guest, SOON);
    command.env("WATCHDOG_PID", "1");
    let _agent = Agent::spawn(command);
    assert_eq!(manager.hears(), "READY=1");
    manager.assert_silent_for(10 * SOON);
    let mut command = guest.world_command("sh");
    command.args(["-c", "WATCHDOG_PID=$$ exec \"$0\" -s", PROGRAM]);
    command.env("XENSTORED_PATH", guest.socket()).env("NOTIFY_SOCKET", SOCKET);
    command.env("WATCHDOG_USEC", "200000");
    let _agent = Agent::spawn(command);
    assert_eq!([manager.hears(), manager.hears()], ["READY=1", "WATCHDOG=1"]);
}

// Started by anything else it tells nobody.
#[test]
fn it_tells_nothing_when_nobody_asked_for_it() {
    let guest = Guest::new();
    let manager = Manager::new(&guest);
    let mut command = with_watchdog(&guest, SOON);
    command.env_remove("NOTIFY_SOCKET");
    let agent = Agent::spawn(command);
    guest.wait(|tree| tree.contains_key("data/updated"));
    assert_eq!(agent.stop("TERM").code, Some(0));
    manager.assert_silent_for(SOON);
}

// A service manager that is not there does no harm.
#[test]
fn it_runs_though_nobody_listens() {
    for socket in [SOCKET.to_string(), "no-socket".into(), format!("/{}", "x".repeat(200))] {
        let guest = Guest::new();
        let mut command = with_watchdog(&guest, SOON);
        command.env("NOTIFY_SOCKET", &socket);
        let agent = Agent::spawn(command);
        guest.wait(|tree| tree.contains_key("data/updated"));
        guest.sync_with_agent();
        let end = agent.stop("TERM");
        assert_eq!(end.code, Some(0), "{socket}: {end:?}");
        assert!(!end.stderr.contains("warn: ") || socket.len() > 200, "{socket}: {end:?}");
    }
}

// systemd's before 2015 listen at an abstract address, of which each network namespace has its own.
#[test]
fn it_knows_abstract_addresses() {
    let name = format!("xga-notify-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let manager = Manager::with(UnixDatagram::bind_addr(&address).unwrap());
    let mut command = Command::new(PROGRAM);
    command.args(["--publisher", "stdout"]).env("NOTIFY_SOCKET", format!("@{name}"));
    let _agent = Agent::spawn(command);
    assert_eq!(manager.hears(), "READY=1");
}
