//! The command line: one argument a line; a line `RUST_LOG=…` or `XENSTORE_SCHEMA=…` is a variable.

#![no_main]
#![allow(dead_code, reason = "the log is not started here")]

#[path = "../../src"]
mod src {
    pub mod command_line;
    pub mod logging;
}

use std::time::Duration;

use collectors::network::NicFilter;
use libfuzzer_sys::fuzz_target;
use publishers::guest_state::Source;
use src::command_line::{Command, Options, UsageError, parse};
use src::logging;

const VARIABLES: [&str; 2] = ["RUST_LOG=", "XENSTORE_SCHEMA="];

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    let is_variable = |line: &&str| VARIABLES.iter().any(|name| line.starts_with(name));
    let (variables, arguments): (Vec<&str>, Vec<&str>) = text.split('\n').partition(is_variable);
    let environment = |name: &str| {
        let value = variables.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        value.map(str::to_owned)
    };
    let parsed = |arguments: &[&str]| {
        parse(arguments.iter().map(|argument| (*argument).to_owned()), environment)
    };
    let first = parsed(&arguments);
    assert_eq!(first, parsed(&arguments));
    match first {
        Ok(
            Command::Run(options)
            | Command::Once(options)
            | Command::Withdraw(options)
            | Command::Check(options, _),
        ) => {
            check(&options);
            assert_eq!(parsed(&[&["-V"], &arguments[..]].concat()), parsed(&["--version"]));
        }
        Ok(Command::Print(text)) => assert!(!text.is_empty()),
        Err(error) => {
            assert!(!error.to_string().contains('\n'), "{error}");
            if let UsageError::Value { what, accepted, .. } = error {
                assert!(!what.is_empty() && !accepted.is_empty());
            }
        }
    }
});

fn check(options: &Options) {
    let seconds = Duration::from_secs(1)..=Duration::from_secs(u32::MAX.into());
    assert!(seconds.contains(&options.memory_interval) && seconds.contains(&options.disk_interval));
    assert!(!options.disabled.contains(&Source::Agent));
    // An interface's name has at most 15 bytes.
    let exclude = NicFilter::new(options.exclude_nics.clone());
    for name in [&b"eth0"[..], b"aaaaaaaaaaaaaaa", b"a.b*c?d\xff\x01-\x80ab12"] {
        let globs = options.exclude_nics.iter();
        assert!(exclude.is_excluded(name) || globs.clone().all(|glob| glob.as_bytes() != name));
        assert!(exclude.is_excluded(name) || globs.clone().all(|glob| glob != "*"));
    }
}
