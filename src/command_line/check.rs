//! The options of `--check`, which exclude what would write to the store.

use std::time::Duration;

use super::values::interval;
use super::{Args, UsageError};

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
pub fn options(words: &Args) -> Result<Option<CheckOptions>, UsageError> {
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
