//! Parses the values of options, and those of `--check`, which exclude what would write to the store. An error names
//! the accepted values.

use std::time::Duration;

use log::LevelFilter;
use publishers::Schema;
use publishers::guest_state::Source;

use super::{Args, Destination, UsageError};
use crate::logging::{self, Filters};

/// The filters of the option, or those of the variable, which many programs read: it may have words for others. `usual` is
/// the level if there is none.
pub fn filters(
    option: Option<String>,
    variable: Option<String>,
    usual: LevelFilter,
) -> Result<Filters, UsageError> {
    let is_option = option.is_some();
    let filters = match option.or(variable) {
        None => Filters::of(usual),
        Some(text) => Filters::parse(&text, usual),
    };
    match filters.unknown.first().filter(|_| is_option) {
        None => Ok(filters),
        Some(word) => {
            let (what, value) = ("--loglevel", word.clone());
            Err(UsageError::Value { what, value, accepted: logging::ACCEPTED.into() })
        }
    }
}

pub fn schema(option: Option<String>, variable: Option<String>) -> Result<Schema, UsageError> {
    let what = if option.is_some() { "--schema" } else { "XENSTORE_SCHEMA" };
    match option.or(variable).as_deref() {
        None | Some("std") => Ok(Schema::Std),
        Some("rfc") => Ok(Schema::Rfc),
        Some(value) => {
            Err(UsageError::Value { what, value: value.into(), accepted: "std, rfc".into() })
        }
    }
}

pub fn destination(given: Option<String>) -> Result<Destination, UsageError> {
    match given.as_deref() {
        None | Some("xenstore") => Ok(Destination::Xenstore),
        Some("stdout") => Ok(Destination::Stdout),
        Some(value) => {
            let (what, value) = ("--publisher", value.to_owned());
            Err(UsageError::Value { what, value, accepted: "xenstore, stdout".into() })
        }
    }
}

pub fn interval(
    what: &'static str,
    usual: u64,
    given: Option<String>,
) -> Result<Duration, UsageError> {
    let Some(value) = given else { return Ok(Duration::from_secs(usual)) };
    let seconds = value.parse::<u32>().ok().filter(|&seconds| seconds > 0);
    let wrong = UsageError::Value {
        what,
        value,
        accepted: "the whole numbers from 1 to 4294967295 (seconds)".into(),
    };
    seconds.map(|seconds| Duration::from_secs(seconds.into())).ok_or(wrong)
}

pub fn disabled(given: Option<String>) -> Result<Vec<Source>, UsageError> {
    let collector = |name: &str| {
        let found = Source::COLLECTORS.iter().find(|(known, _)| *known == name);
        found.map(|(_, source)| *source).ok_or_else(|| UsageError::Value {
            what: "--without",
            value: name.to_owned(),
            accepted: Source::COLLECTORS.map(|(name, _)| name).join(", "),
        })
    };
    listed(given).iter().map(|name| collector(name)).collect()
}

/// The parts of a comma-separated list.
pub fn listed(given: Option<String>) -> Vec<String> {
    given.iter().flat_map(|list| list.split(',')).map(|part| part.trim().to_owned()).collect()
}

/// How `--check` shall say what it finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckOptions {
    /// Only what is not ok.
    pub quiet: bool,
    /// As JSON.
    pub json: bool,
    /// Repeat for so long at most until nothing fails and the store has an address.
    pub wait: Option<Duration>,
}

/// What was asked for with `--check`.
pub fn check(words: &Args) -> Result<Option<CheckOptions>, UsageError> {
    let only = |what: &str| Err(UsageError::Args(format!("{what} is for --check only")));
    let not = |what: &str| Err(UsageError::Args(format!("--check and {what} exclude each other")));
    match words {
        Args { check: false, quiet: true, .. } => only("--quiet"),
        Args { check: false, json: true, .. } => only("--json"),
        Args { check: false, wait: Some(_), .. } => only("--wait"),
        Args { check: false, .. } => Ok(None),
        Args { once: true, .. } => not("--once"),
        Args { withdraw: true, .. } => not("--withdraw"),
        Args { publisher: Some(publisher), .. } if publisher == "stdout" => {
            not("--publisher stdout")
        }
        Args { quiet, json, wait, .. } => {
            let wait = wait.clone().map(|wait| interval("--wait", 0, Some(wait))).transpose()?;
            Ok(Some(CheckOptions { quiet: *quiet, json: *json, wait }))
        }
    }
}
