//! The command line: options, their values, and the errors of wrong ones.

use super::harness::{Agent, Finished, Guest};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

fn assert_usage_error(end: &Finished, names: &[&str]) {
    assert_eq!(end.code, Some(2), "{end:?}");
    assert!(end.stdout.is_empty() && !end.stderr.is_empty(), "{end:?}");
    for name in names {
        assert!(end.stderr.contains(name), "{name} in {end:?}");
    }
}

#[test]
fn wrong_option_or_value_exits_2_and_names_the_accepted_ones() {
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
        assert_usage_error(&guest.run(arguments), names);
    }
    assert_eq!(guest.changes_since(mark), [""; 0]);
}

#[test]
fn wrong_xenstore_schema_exits_2() {
    let guest = Guest::new();
    let mut command = guest.command(&["--once"]);
    command.env("XENSTORE_SCHEMA", "xml");
    assert_usage_error(&Agent::spawn(command).wait(), &["XENSTORE_SCHEMA", "xml", "std", "rfc"]);
}

// Arguments are bytes, which may be invalid UTF-8.
#[test]
fn argument_of_invalid_utf8_exits_2() {
    let guest = Guest::new();
    let mut command = guest.command(&["--schema"]);
    command.arg(OsStr::from_bytes(b"\xff"));
    assert_usage_error(&Agent::spawn(command).wait(), &["--schema", "std", "rfc"]);
}

// Help and version work without Xen.
#[test]
fn help_lists_every_option_and_exits_0() {
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
            "--check",
            "--quiet",
            "--json",
            "--wait",
            "--no-sandbox",
            "--version",
        ] {
            assert!(end.stdout.contains(flag), "{flag}: {end:?}");
        }
    }
}

#[test]
fn version_prints_one_line() {
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

// `--loglevel=<LEVEL>` is the option of the agent that this one replaces.
#[test]
fn log_level_has_four_spellings() {
    let guest = Guest::new();
    for way in [&["-l", "debug"][..], &["-ldebug"], &["--loglevel", "debug"], &["--loglevel=debug"]]
    {
        guest.write_as_guest("data/os_distro", "wrong");
        let end = guest.run(&[&["-s", "--once"], way].concat());
        assert_eq!(end.code, Some(0), "{end:?}");
        assert!(end.stderr.contains("debug: "), "{way:?}: {end:?}");
    }
}
