//! The command line: what people type, made ready for argh, and what argh makes of it.
//!
//! argh takes neither `--loglevel=debug` nor `-ldebug` nor `-h`. People type all three, and the
//! manual of the agent before this one documents the first.

use std::time::Duration;

use argh::FromArgs;
use publishers::Schema;
use publishers::guest_state::Source;
use thiserror::Error;

use crate::logging::Filters;
use values::{destination, filters, interval, listed, schema, without};

mod values;

const NAME: &str = "xen-guest-agent";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Tells the Xen host what only this guest knows: its OS, its addresses, its memory.
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

    /// seconds between two looks at how full the disks are (300 by default)
    #[argh(option, arg_name = "seconds")]
    disk_interval: Option<String>,

    /// NICs to leave out, as wg*,eth9; those of containers are left out anyway, unless they stand
    /// on a vif
    #[argh(option, arg_name = "glob,…")]
    exclude_nics: Option<String>,

    /// collectors to switch off, as net,os; their keys are removed
    #[argh(option, arg_name = "name,…")]
    without: Option<String>,

    /// collect and publish once, then exit
    #[argh(switch)]
    once: bool,

    /// remove what the agent has published and say that it is uninstalled, then exit
    #[argh(switch)]
    withdraw: bool,

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
    /// Standard output, for people to look at.
    Stdout,
}

/// How the agent shall run.
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
    /// Time between two looks at how full the disks are.
    pub disk_interval: Duration,
    /// NICs that are left out.
    pub exclude_nics: Vec<String>,
    /// Collectors that are switched off.
    pub without: Vec<Source>,
    /// Publish once and exit.
    pub once: bool,
    /// Remove what was published and exit.
    pub withdraw: bool,
    /// Give up what the agent has no need of before it reads anything.
    pub sandbox: bool,
}

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// To run.
    Run(Options),
    /// To say something and exit.
    Print(String),
}

/// What is wrong with the command line or the environment.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum UsageError {
    /// A value that is not one of those accepted.
    #[error("{what}: {value:?} is not one of {accepted}")]
    Value {
        /// The option or variable.
        what: &'static str,
        /// What it was given.
        value: String,
        /// What it takes.
        accepted: String,
    },
    /// Words that argh does not understand, in its own words.
    #[error("{0}")]
    Args(String),
}

/// Reads the words after the program's name; `environment` looks a variable up.
///
/// # Errors
/// [`UsageError`] names the word and what would be accepted.
pub fn parse(
    words: impl Iterator<Item = String>,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Command, UsageError> {
    let words: Vec<String> = words.flat_map(|word| separate(&word)).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let words = match Args::from_args(&[NAME], &words) {
        Ok(words) => words,
        Err(early) if early.status.is_ok() => {
            return Ok(Command::Print(early.output.trim_end().into()));
        }
        Err(early) => return Err(UsageError::Args(early.output.trim().replace('\n', " "))),
    };
    if words.version {
        return Ok(Command::Print(format!("{NAME} {VERSION}")));
    }
    let or_variable = |option: (&'static str, Option<String>), variable: &'static str| match option
    {
        (name, Some(value)) => Some((name, value)),
        (_, None) => {
            environment(variable).filter(|value| !value.is_empty()).map(|value| (variable, value))
        }
    };
    Ok(Command::Run(Options {
        stderr: words.stderr,
        filters: filters(or_variable(("--loglevel", words.loglevel), "RUST_LOG"))?,
        schema: schema(or_variable(("--schema", words.schema), "XENSTORE_SCHEMA"))?,
        destination: destination(words.publisher)?,
        memory_interval: interval("--memory-interval", 60, words.memory_interval)?,
        disk_interval: interval("--disk-interval", 300, words.disk_interval)?,
        exclude_nics: listed(words.exclude_nics),
        without: without(words.without)?,
        once: words.once,
        withdraw: words.withdraw,
        sandbox: !words.no_sandbox,
    }))
}

/// `--name=value`, `-lvalue`, `-sl` and `-h` as argh takes them.
fn separate(word: &str) -> Vec<String> {
    if word.starts_with("--") {
        return match word.split_once('=') {
            Some((name, value)) => vec![name.into(), value.into()],
            None => vec![word.into()],
        };
    }
    let mut letters = match word.strip_prefix('-') {
        Some(letters) if !letters.is_empty() => letters.chars(),
        _ => return vec![word.into()],
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
