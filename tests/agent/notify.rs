//! Messages to the service manager: sd_notify(3), sd_watchdog_enabled(3). [`status`] tests `STATUS=`.

mod status;

use super::harness::{Agent, Guest, PATIENCE, program, wait_for};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::Command;
use std::time::{Duration, Instant};

const SOCKET: &str = "/run/systemd/notify";

/// A service manager: the socket that receives the agent's messages.
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

    /// The next message that is no status; the test fails if none comes.
    fn receive(&self) -> String {
        self.receive_if(|message| !message.starts_with("STATUS="))
    }

    /// The next status; the test fails if none comes.
    fn receive_status(&self) -> String {
        let message = self.receive_if(|message| message.starts_with("STATUS="));
        message.trim_start_matches("STATUS=").to_string()
    }

    fn receive_if(&self, wanted: impl Fn(&str) -> bool) -> String {
        loop {
            let message = self.try_receive().expect("no message");
            if wanted(&message) {
                return message;
            }
        }
    }

    /// The next message, if one comes before the socket's timeout.
    fn try_receive(&self) -> Option<String> {
        let mut bytes = [0; 256];
        let length = self.0.recv(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes[..length]).into_owned())
    }

    /// Checks that no message comes for this long.
    fn assert_silent_for(&self, time: Duration) {
        self.0.set_read_timeout(Some(time)).unwrap();
        assert_eq!(self.try_receive(), None);
        self.0.set_read_timeout(Some(PATIENCE)).unwrap();
    }

    /// Waits until no message has come for this long.
    fn wait_silent_for(&self, time: Duration) {
        self.0.set_read_timeout(Some(time)).unwrap();
        assert!(wait_for(PATIENCE, || self.try_receive().is_none()), "messages still come");
        self.0.set_read_timeout(Some(PATIENCE)).unwrap();
    }
}

/// The agent's command as a service manager with this watchdog interval starts it.
fn with_watchdog(guest: &Guest, interval: Duration) -> Command {
    let mut command = guest.command(&["-s"]);
    command.env("NOTIFY_SOCKET", SOCKET).env_remove("WATCHDOG_PID");
    command.env("WATCHDOG_USEC", interval.as_micros().to_string());
    command
}

/// A short watchdog interval.
const INTERVAL: Duration = Duration::from_millis(200);

#[test]
fn agent_sends_ready_status_and_stopping_and_no_other_message() {
    let guest = Guest::new();
    let manager = Manager::new(&guest);
    let mut command = with_watchdog(&guest, INTERVAL);
    command.env_remove("WATCHDOG_USEC");
    let agent = Agent::spawn(command);
    assert_eq!(manager.try_receive().as_deref(), Some("READY=1"));
    let status = |addresses| Some(format!("STATUS=domain 1 on XAPI, 1 VIF, {addresses}"));
    assert_eq!(manager.try_receive(), status("1 address"));
    guest.sync_with_agent();
    assert_eq!(manager.try_receive(), status("2 addresses"));
    agent.signal("TERM");
    assert_eq!(manager.try_receive().as_deref(), Some("STOPPING=1"));
    assert_eq!(agent.wait().code, Some(0));
    manager.assert_silent_for(Duration::from_millis(1));
}

// The boot of a guest must not wait for the host.
#[test]
fn agent_sends_ready_while_xenstored_does_not_answer() {
    let guest = Guest::new();
    let manager = Manager::new(&guest);
    guest.stall_xenstored();
    let _agent = Agent::spawn(with_watchdog(&guest, INTERVAL));
    assert_eq!(manager.receive(), "READY=1");
}

#[test]
fn idle_agent_notifies_the_watchdog_in_time() {
    let guest = Guest::new();
    let manager = Manager::new(&guest);
    let interval = Duration::from_secs(2);
    let _agent = Agent::spawn(with_watchdog(&guest, interval));
    assert_eq!(manager.receive(), "READY=1");
    for _ in 0..3 {
        let start = Instant::now();
        assert_eq!(manager.receive(), "WATCHDOG=1");
        assert!(start.elapsed() < interval, "{:?}", start.elapsed());
    }
}

// The publisher thread runs and tries to reconnect, so a restart of the agent would not help.
#[test]
fn agent_notifies_the_watchdog_while_xenstored_is_down() {
    let guest = Guest::new();
    let manager = Manager::new(&guest);
    let agent = Agent::spawn(with_watchdog(&guest, INTERVAL));
    guest.wait(|tree| tree.contains_key("data/updated"));
    guest.kill_xenstored();
    guest.ip("addr add 198.51.100.7/25 dev eth0");
    agent.wait_logged("xenstore connection lost");
    manager.0.set_nonblocking(true).unwrap();
    while manager.try_receive().is_some() {}
    manager.0.set_nonblocking(false).unwrap();
    for _ in 0..5 {
        assert_eq!(manager.receive(), "WATCHDOG=1");
    }
}

// The publisher thread waits for a reply. No other thread may notify the watchdog in its place.
#[test]
fn agent_does_not_notify_the_watchdog_while_xenstored_does_not_answer() {
    let guest = Guest::new();
    let manager = Manager::new(&guest);
    let agent = Agent::spawn(with_watchdog(&guest, INTERVAL));
    guest.wait(|tree| tree.contains_key("data/updated"));
    guest.stall_xenstored();
    guest.ip("addr add 198.51.100.7/25 dev eth0");
    manager.wait_silent_for(10 * INTERVAL);
    agent.signal("TERM");
    assert_eq!(manager.receive(), "STOPPING=1");
}

// If WATCHDOG_PID names another process, that process must notify the watchdog.
#[test]
fn agent_does_not_notify_the_watchdog_of_another_process() {
    let guest = Guest::new();
    let manager = Manager::new(&guest);
    let mut command = with_watchdog(&guest, INTERVAL);
    command.env("WATCHDOG_PID", "1");
    let _agent = Agent::spawn(command);
    assert_eq!(manager.receive(), "READY=1");
    manager.receive_status();
    manager.assert_silent_for(10 * INTERVAL);
    let mut command = guest.world_command("sh");
    command.args(["-c", "WATCHDOG_PID=$$ exec \"$0\" -s", program()]);
    command.env("XENSTORED_PATH", guest.socket()).env("NOTIFY_SOCKET", SOCKET);
    command.env("WATCHDOG_USEC", "200000");
    let _agent = Agent::spawn(command);
    assert_eq!([manager.receive(), manager.receive()], ["READY=1", "WATCHDOG=1"]);
}

#[test]
fn no_message_without_notify_socket() {
    let guest = Guest::new();
    let manager = Manager::new(&guest);
    let mut command = with_watchdog(&guest, INTERVAL);
    command.env_remove("NOTIFY_SOCKET");
    let agent = Agent::spawn(command);
    guest.wait(|tree| tree.contains_key("data/updated"));
    assert_eq!(agent.stop("TERM").code, Some(0));
    manager.assert_silent_for(INTERVAL);
}

#[test]
fn agent_publishes_if_the_notify_socket_does_not_exist() {
    for socket in [SOCKET.to_string(), "no-socket".into(), format!("/{}", "x".repeat(200))] {
        let guest = Guest::new();
        let mut command = with_watchdog(&guest, INTERVAL);
        command.env("NOTIFY_SOCKET", &socket);
        let agent = Agent::spawn(command);
        guest.wait(|tree| tree.contains_key("data/updated"));
        guest.sync_with_agent();
        let end = agent.stop("TERM");
        assert_eq!(end.code, Some(0), "{socket}: {end:?}");
        assert!(!end.stderr.contains("warn: ") || socket.len() > 200, "{socket}: {end:?}");
    }
}

// systemd before 2015 listens on an abstract address. Each network namespace has its own abstract addresses.
#[test]
fn notify_socket_may_be_an_abstract_address() {
    let name = format!("xga-notify-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let manager = Manager::with(UnixDatagram::bind_addr(&address).unwrap());
    let mut command = Command::new(program());
    command.args(["--publisher", "stdout"]).env("NOTIFY_SOCKET", format!("@{name}"));
    let _agent = Agent::spawn(command);
    assert_eq!(manager.receive(), "READY=1");
}
