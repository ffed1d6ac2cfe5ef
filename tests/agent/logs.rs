//! Where the log goes, and how much of it.

use super::harness::{Agent, Guest, PROGRAM};

fn run_with(guest: &Guest, rust_log: &str, arguments: &[&str]) -> String {
    let mut command = guest.command(&[&["-s", "--once"], arguments].concat());
    command.env("RUST_LOG", rust_log);
    let end = Agent::spawn(command).wait();
    assert_eq!(end.code, Some(0), "{end:?}");
    end.stderr
}

// debug = each key written; RUST_LOG is used when the flag is absent.
#[test]
fn rust_log_filters_and_the_flag_wins() {
    let guest = Guest::new();
    assert!(run_with(&guest, "debug", &[]).contains("debug: "));
    guest.left_behind("data/os_distro", "wrong");
    assert!(!run_with(&guest, "debug", &["-l", "info"]).contains("debug: "));
    guest.left_behind("data/os_distro", "wrong");
    assert!(run_with(&guest, "", &["-l", "info,publishers=debug"]).contains("data/os_distro"));
    guest.left_behind("data/os_distro", "wrong");
    assert_eq!(run_with(&guest, "debug", &["-l", "off"]), "");
}

// With -s a line is `LEVEL: message`.
#[test]
fn a_line_is_its_level_in_lower_case_and_a_message() {
    let guest = Guest::new();
    let log = run_with(&guest, "", &["-l", "trace"]);
    let levels = ["error: ", "warn: ", "info: ", "debug: ", "trace: "];
    assert!(log.lines().all(|line| levels.iter().any(|level| line.starts_with(level))), "{log}");
}

// syslog by default.
#[test]
fn the_log_goes_to_syslog() {
    let guest = Guest::new();
    let syslog = guest.syslog();
    let end = guest.run(&["--once", "-l", "debug"]);
    assert_eq!((end.code, end.stderr.as_str()), (Some(0), ""));
    let mut bytes = [0; 4096];
    let length = syslog.recv(&mut bytes).unwrap();
    let line = String::from_utf8_lossy(&bytes[..length]).into_owned();
    assert!(line.starts_with('<') && line.contains("xen-guest-agent"), "{line}");
}

// …stderr where there is no syslog: then it says so once.
#[test]
fn without_syslog_it_logs_to_stderr_and_says_so_once() {
    let guest = Guest::new();
    let end = guest.run(&["--once", "-l", "debug"]);
    assert_eq!(end.code, Some(0), "{end:?}");
    assert_eq!(end.stderr.lines().filter(|line| line.contains("syslog")).count(), 1, "{end:?}");
    assert!(end.stderr.contains("debug: "), "{end:?}");
}

// A log that cannot be written (a full disk, a journal that restarts) ends nothing.
#[test]
fn a_log_that_cannot_be_written_does_no_harm() {
    let guest = Guest::new();
    let mut command = guest.world_command("sh");
    command
        .args(["-c", "exec \"$0\" -s -l trace 2>/dev/full", PROGRAM])
        .env("XENSTORED_PATH", guest.socket());
    let agent = Agent::spawn(command);
    guest.wait(|tree| tree.contains_key("data/updated"));
    guest.catch_up();
    assert_eq!(agent.stop("TERM").code, Some(0));
}
