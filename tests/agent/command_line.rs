//! What people type, and what they hear when it is wrong.

use super::harness::{Agent, Finished, Guest};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

fn assert_refused(end: &Finished, names: &[&str]) {
    assert_eq!(end.code, Some(2), "{end:?}");
    assert!(end.stdout.is_empty() && !end.stderr.is_empty(), "{end:?}");
    for name in names {
        assert!(end.stderr.contains(name), "{name} in {end:?}");
    }
}

// A wrong value or flag: one message naming it and the accepted ones, exit 2, nothing written.
#[test]
fn a_wrong_flag_or_value_names_itself_and_the_accepted_ones() {
    let guest = Guest::new();
    let mark = guest.mark();
    let cases: [(&[&str], &[&str]); 15] = [
        (&["--bogus"], &["--bogus"]),
        (&["-x"], &["-x"]),
        (&["stray"], &["stray"]),
        (&["--schema", "xml"], &["xml", "std", "rfc"]),
        (&["--schema=xml"], &["xml", "std", "rfc"]),
        (&["--schema"], &["--schema"]),
        (&["--publisher", "paper"], &["paper", "xenstore", "stdout"]),
        (&["--loglevel", "loud"], &["loud", "error", "warn", "info", "debug", "trace"]),
        (&["--loglevel=loud"], &["loud", "error", "warn", "info", "debug", "trace"]),
        (&["-lloud"], &["loud", "error", "warn", "info", "debug", "trace"]),
        (&["--memory-interval", "0"], &["0", "--memory-interval"]),
        (&["--disk-interval", "0"], &["0", "--disk-interval"]),
        (&["--memory-interval", "-5"], &["-5", "--memory-interval"]),
        (&["--memory-interval", "soon"], &["soon", "--memory-interval"]),
        (
            &["--memory-interval", "99999999999999999999999"],
            &["99999999999999999999999", "--memory-interval"],
        ),
    ];
    for (arguments, names) in cases {
        assert_refused(&guest.run(arguments), names);
    }
    assert_eq!(guest.changes_since(mark), [""; 0]);
}

#[test]
fn a_wrong_schema_in_the_environment_is_refused_too() {
    let guest = Guest::new();
    let mut command = guest.command(&["--once"]);
    command.env("XENSTORE_SCHEMA", "xml");
    assert_refused(&Agent::spawn(command).wait(), &["XENSTORE_SCHEMA", "xml", "std", "rfc"]);
}

// Arguments are bytes; those that are no text are wrong ones like others.
#[test]
fn an_argument_that_is_no_text_is_refused() {
    let guest = Guest::new();
    let mut command = guest.command(&["--schema"]);
    command.arg(OsStr::from_bytes(b"\xff"));
    assert_refused(&Agent::spawn(command).wait(), &["--schema", "std", "rfc"]);
}

// Help and version work anywhere, off Xen too.
#[test]
fn help_names_every_flag_and_exits_0() {
    let guest = Guest::new();
    guest.remove_file("/sys/hypervisor/type");
    for flag in ["-h", "--help"] {
        let end = guest.run(&[flag]);
        assert_eq!((end.code, end.stderr.as_str()), (Some(0), ""), "{end:?}");
        for flag in [
            "--stderr",
            "--loglevel",
            "--schema",
            "--publisher",
            "--memory-interval",
            "--disk-interval",
            "--exclude-nics",
            "--without",
            "--once",
            "--withdraw",
            "--no-sandbox",
            "--version",
        ] {
            assert!(end.stdout.contains(flag), "{flag}: {end:?}");
        }
    }
}

#[test]
fn version_is_one_line() {
    let guest = Guest::new();
    guest.remove_file("/sys/hypervisor/type");
    for flag in ["-V", "--version"] {
        let end = guest.run(&[flag]);
        assert_eq!(
            (end.code, end.stdout.as_str()),
            (Some(0), "xen-guest-agent 1.0.0\n"),
            "{end:?}"
        );
    }
}

// The agent we replace documents `--loglevel=<LEVEL>`; people type all four.
#[test]
fn every_way_to_write_the_log_level_works() {
    let guest = Guest::new();
    for way in [&["-l", "debug"][..], &["-ldebug"], &["--loglevel", "debug"], &["--loglevel=debug"]]
    {
        guest.write_as_guest("data/os_distro", "wrong");
        let end = guest.run(&[&["-s", "--once"], way].concat());
        assert_eq!(end.code, Some(0), "{end:?}");
        assert!(end.stderr.contains("debug: "), "{way:?}: {end:?}");
    }
}
