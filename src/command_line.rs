//! The command line: converts the arguments for argh and checks the values.
//!
//! argh does not accept `--loglevel=debug`, `-ldebug` or `-h`. Users type all three, and the manual of the
//! agent that this one replaces documents the first.

use std::time::Duration;

use argh::FromArgs;
use log::LevelFilter;
use publishers::Schema;
use publishers::guest_state::Source;
use thiserror::Error;

use crate::logging::Filters;
pub use values::CheckOptions;
use values::{check, destination, disabled, filters, interval, listed, schema};

mod values;

const NAME: &str = "xen-guest-agent";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Reports the state of a Xen guest to its host: OS, addresses, memory, disks.
#[derive(FromArgs, Debug)]
struct Args {
    /// log to standard error instead of syslog
    #[argh(switch, short = 's')]
    stderr: bool,

    /// what to log: off, error, warn, info (the default), debug, trace, or filters such as
    /// info,publishers=trace
    #[argh(option, short = 'l', arg_name = "level")]
    loglevel: Option<String>,

    /// layout of the keys: std (the default, what hosts read) or rfc
    #[argh(option, arg_name = "std|rfc")]
    schema: Option<String>,

    /// where the keys go: xenstore (the default) or stdout
    #[argh(option, arg_name = "xenstore|stdout")]
    publisher: Option<String>,

    /// seconds between two samples of the memory (60 by default)
    #[argh(option, arg_name = "seconds")]
    memory_interval: Option<String>,

    /// seconds between two samples of disk usage (300 by default)
    #[argh(option, arg_name = "seconds")]
    disk_interval: Option<String>,

    /// NICs to skip, such as wg*,eth9; container NICs are skipped anyway, unless they are upper
    /// devices of a VIF
    #[argh(option, arg_name = "glob,…")]
    exclude_nics: Option<String>,

    /// collectors to switch off, such as net,os; their keys are removed
    #[argh(option, arg_name = "name,…")]
    without: Option<String>,

    /// collect and publish once, then exit
    #[argh(switch)]
    once: bool,

    /// remove all published keys, report that the agent is uninstalled, then exit
    #[argh(switch)]
    withdraw: bool,

    /// say why the host does not show what it should, then exit; changes nothing
    #[argh(switch)]
    check: bool,

    /// with --check: show warnings and failures only
    #[argh(switch)]
    quiet: bool,

    /// with --check: print one JSON object
    #[argh(switch)]
    json: bool,

    /// with --check: repeat until nothing fails and xenstore has an address, for so long at most
    #[argh(option, arg_name = "seconds")]
    wait: Option<String>,

    /// run without confinement (Landlock, seccomp, dropped capabilities)
    #[argh(switch)]
    no_sandbox: bool,

    /// print the version
    #[argh(switch, short = 'V')]
    version: bool,
}

/// Where the keys go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The host's xenstore.
    Xenstore,
    /// Standard output.
    Stdout,
}

/// The options of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Log to standard error.
    pub stderr: bool,
    /// What to log.
    pub filters: Filters,
    /// The layout of the keys.
    pub schema: Schema,
    /// Where the keys go.
    pub destination: Destination,
    /// Time between two samples of the memory.
    pub memory_interval: Duration,
    /// Time between two samples of disk usage.
    pub disk_interval: Duration,
    /// NICs that are left out.
    pub exclude_nics: Vec<String>,
    /// Collectors that are switched off.
    pub disabled: Vec<Source>,
    /// Give up the rights that the agent does not need.
    pub sandbox: bool,
}

/// The result of parsing the command line.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Run until a signal.
    Run(Options),
    /// Publish once and exit.
    Once(Options),
    /// Remove the published keys and exit.
    Withdraw(Options),
    /// Say why the host does not show what it should, and exit.
    Check(Options, CheckOptions),
    /// Print this text and exit.
    Print(String),
}

/// An error in the command line or the environment.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum UsageError {
    /// A value that is not accepted.
    #[error("{what}: {value:?} is not one of {accepted}")]
    Value {
        /// The option or variable.
        what: &'static str,
        /// The value.
        value: String,
        /// The accepted values.
        accepted: String,
    },
    /// argh's message about wrong arguments.
    #[error("{0}")]
    Args(String),
}

/// Parses the arguments after the program's name. `environment` returns the value of a variable.
///
/// # Errors
/// [`UsageError`] names the argument and the accepted values.
pub fn parse(
    arguments: impl Iterator<Item = String>,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Command, UsageError> {
    let arguments: Vec<String> =
        arguments.flat_map(|argument| expand_argument(&argument)).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let args = match Args::from_args(&[NAME], &arguments) {
        Ok(args) => args,
        Err(early) if early.status.is_ok() => {
            return Ok(Command::Print(early.output.trim_end().into()));
        }
        Err(early) => return Err(UsageError::Args(early.output.trim().replace('\n', " "))),
    };
    if args.version {
        return Ok(Command::Print(format!("{NAME} {VERSION}")));
    }
    let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
    let check = check(&args)?;
    // A check prints all that it finds.
    let level = if check.is_some() { LevelFilter::Off } else { LevelFilter::Info };
    let options = Options {
        stderr: args.stderr,
        filters: filters(args.loglevel, variable("RUST_LOG"), level)?,
        schema: schema(args.schema, variable("XENSTORE_SCHEMA"))?,
        destination: destination(args.publisher)?,
        memory_interval: interval("--memory-interval", 60, args.memory_interval)?,
        disk_interval: interval("--disk-interval", 300, args.disk_interval)?,
        exclude_nics: listed(args.exclude_nics),
        disabled: disabled(args.without)?,
        sandbox: !args.no_sandbox,
    };
    Ok(match check {
        Some(check) => Command::Check(options, check),
        None if args.withdraw => Command::Withdraw(options),
        None if args.once => Command::Once(options),
        None => Command::Run(options),
    })
}

/// Converts `--name=value`, `-lvalue`, `-sl` and `-h` to forms that argh accepts.
fn expand_argument(argument: &str) -> Vec<String> {
    if argument.starts_with("--") {
        return match argument.split_once('=') {
            Some((name, value)) => vec![name.into(), value.into()],
            None => vec![argument.into()],
        };
    }
    let mut letters = match argument.strip_prefix('-') {
        Some(letters) if !letters.is_empty() => letters.chars(),
        _ => return vec![argument.into()],
    };
    let mut out = Vec::new();
    while let Some(letter) = letters.next() {
        out.push(if letter == 'h' { "--help".into() } else { format!("-{letter}") });
        let value = letters.as_str();
        if letter == 'l' && !value.is_empty() {
            out.push(value.strip_prefix('=').unwrap_or(value).into());
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests;
