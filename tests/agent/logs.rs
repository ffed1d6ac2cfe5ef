//! The log: syslog or stderr, levels, filters, and characters that must be escaped.

use super::harness::{Agent, Guest, program};
use std::io::{BufRead, BufReader};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};

fn run_with(guest: &Guest, rust_log: &str, arguments: &[&str]) -> String {
    let mut command = guest.command(&[&["-s", "--once"], arguments].concat());
    command.env("RUST_LOG", rust_log);
    let end = Agent::spawn(command).wait();
    assert_eq!(end.code, Some(0), "{end:?}");
    end.stderr
}

// Level debug logs each key that is written.
#[test]
fn log_level_option_overrides_rust_log() {
    let guest = Guest::new();
    assert!(run_with(&guest, "debug", &[]).contains("debug: "));
    guest.write_as_guest("data/os_distro", "wrong");
    assert!(!run_with(&guest, "debug", &["-l", "info"]).contains("debug: "));
    guest.write_as_guest("data/os_distro", "wrong");
    assert!(run_with(&guest, "", &["-l", "info,publishers=debug"]).contains("data/os_distro"));
    guest.write_as_guest("data/os_distro", "wrong");
    assert_eq!(run_with(&guest, "debug", &["-l", "off"]), "");
}

// A variable for all programs of env_logger: what is for others must not keep this one from working, or its package from
// being removed.
#[test]
fn rust_log_for_another_program_is_ignored_with_one_warning() {
    let guest = Guest::new();
    let ignored =
        |word: &str| format!("warn: RUST_LOG: {word:?} is ignored: not one of off, error, warn, ");
    for (value, words) in [
        ("mycrate", &["mycrate"][..]),
        ("mycrate=debug", &["mycrate=debug"]),
        ("debug,mycrate=debug,publishers=loud", &["mycrate=debug", "publishers=loud"]),
    ] {
        guest.write_as_guest("data/os_distro", "wrong");
        let log = run_with(&guest, value, &[]);
        let warnings: Vec<&str> = log.lines().filter(|line| line.starts_with("warn: ")).collect();
        let is_of = |(line, word): (&&str, &&str)| line.starts_with(&ignored(word));
        assert!(warnings.len() == words.len() && warnings.iter().zip(words).all(is_of), "{log}");
        assert!(
            log.contains("info: started, ")
                && log.contains("debug: ") == value.starts_with("debug"),
            "{log}"
        );
        assert!(!run_with(&guest, value, &["-l", "info"]).contains("RUST_LOG"));
    }
    for arguments in [&["--withdraw"][..], &["--publisher", "stdout", "--once"]] {
        let mut command = guest.command(arguments);
        let end = Agent::spawn({
            command.env("RUST_LOG", "mycrate");
            command
        })
        .wait();
        assert!(end.code == Some(0) && end.stderr.starts_with(&ignored("mycrate")), "{end:?}");
    }
}

#[test]
fn log_line_on_stderr_is_level_in_lower_case_and_message() {
    let guest = Guest::new();
    let log = run_with(&guest, "", &["-l", "trace"]);
    let levels = ["error: ", "warn: ", "info: ", "debug: ", "trace: "];
    assert!(log.lines().all(|line| levels.iter().any(|level| line.starts_with(level))), "{log}");
}

#[test]
fn log_is_sent_to_syslog_by_default() {
    let guest = Guest::new();
    let syslog = guest.syslog();
    let end = guest.run(&["--once", "-l", "debug"]);
    assert_eq!((end.code, end.stderr.as_str()), (Some(0), ""));
    let mut bytes = [0; 4096];
    let length = syslog.recv(&mut bytes).unwrap();
    let line = String::from_utf8_lossy(&bytes[..length]).into_owned();
    assert!(line.starts_with('<') && line.contains("xen-guest-agent"), "{line}");
}

#[test]
fn missing_syslog_is_logged_once_to_stderr() {
    let guest = Guest::new();
    let end = guest.run(&["--once", "-l", "debug"]);
    assert_eq!(end.code, Some(0), "{end:?}");
    assert_eq!(end.stderr.lines().filter(|line| line.contains("syslog")).count(), 1, "{end:?}");
    assert!(end.stderr.contains("debug: "), "{end:?}");
}

// Writes fail when the disk is full or the journal restarts.
#[test]
fn agent_publishes_if_its_log_cannot_be_written() {
    let guest = Guest::new();
    let mut command = guest.world_command("sh");
    command
        .args(["-c", "exec \"$0\" -s -l trace 2>/dev/full", program()])
        .env("XENSTORED_PATH", guest.socket());
    let agent = Agent::spawn(command);
    guest.wait(|tree| tree.contains_key("data/updated"));
    guest.sync_with_agent();
    assert_eq!(agent.stop("TERM").code, Some(0));
}

// A user of the guest chooses the names of mount points, which are logged.
#[test]
fn mount_point_with_line_feed_and_escape_is_one_log_line() {
    let guest = Guest::new();
    let disk = guest.ext4();
    let name = "x\nerror: forged\x1b[2J\u{202e}";
    guest.sh("mkdir -p /mnt/closed && chmod 700 /mnt/closed");
    guest.mount(&disk, &format!("closed/{name}"));
    std::fs::set_permissions(guest.socket(), PermissionsExt::from_mode(0o777)).unwrap();
    // The agent runs as a user who cannot enter the directory, so it logs the mount point.
    let mut command = guest.world_command("setpriv");
    command.args(["--reuid", "64999", "--clear-groups", program(), "-s", "--once"]);
    command.env("XENSTORED_PATH", guest.socket());
    let log = Agent::spawn(command).wait().stderr;
    let line = r"/mnt/closed/x\nerror: forged\u{1b}[2J\u{202e}: ";
    assert!(log.lines().any(|l| l.starts_with("warn: disks: ") && l.contains(line)), "{log}");
    assert!(!log.lines().any(|line| line.starts_with("error")), "{log}");
    guest.sh("umount /mnt/closed/*");
}

#[test]
fn error_on_the_terminal_beside_syslog_is_one_line() {
    let guest = Guest::new();
    let _syslog = guest.syslog();
    let mut command = guest.command(&[]);
    command.env("XENSTORED_PATH", "/run/x\nerror: forged");
    let end = Agent::spawn(command).wait();
    assert_eq!((end.code, end.stderr.lines().count()), (Some(1), 1), "{end:?}");
}

#[allow(unsafe_code, reason = "a system call")]
fn listen_without_backlog(listener: &UnixListener) {
    // SAFETY: the descriptor is a listening socket for the whole call.
    assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
}

// `/dev/log` of an old syslog-ng is a stream socket. Here its daemon accepts no more connections.
#[test]
fn stream_syslog_with_full_backlog_delays_nothing_and_is_used_once_it_accepts() {
    let guest = Guest::new();
    let listener = UnixListener::bind(guest.path("/dev/log")).unwrap();
    listen_without_backlog(&listener);
    let _waiting = UnixStream::connect(guest.path("/dev/log")).unwrap();
    let agent = Agent::spawn(guest.command(&[]));
    guest.wait(|tree| tree.contains_key("data/updated"));
    drop(listener.accept().unwrap());
    agent.signal("HUP");
    let mut log = BufReader::new(listener.accept().unwrap().0);
    let mut line = Vec::new();
    log.read_until(0, &mut line).unwrap();
    let line = String::from_utf8(line).unwrap();
    assert!(line.starts_with("<30>xen-guest-agent[") && line.contains("]: reload: "), "{line}");
    assert_eq!(agent.stop("TERM").code, Some(0));
}
