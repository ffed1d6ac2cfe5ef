//! Logs the first failure of a source, and its recovery, once each.

use std::fmt::Display;

use log::{info, warn};

/// The state of one source; logs its changes and nothing else.
#[derive(Debug)]
pub struct FailureLog {
    source: &'static str,
    failing: bool,
}

impl FailureLog {
    /// A source that works; `source` names it in the log.
    pub fn new(source: &'static str) -> Self {
        Self { source, failing: false }
    }

    /// The source was read.
    pub fn ok(&mut self) {
        if std::mem::replace(&mut self.failing, false) {
            info!("{}: recovered", self.source);
        }
    }

    /// The source failed.
    pub fn failed(&mut self, error: &impl Display) {
        if !std::mem::replace(&mut self.failing, true) {
            warn!("{}: {error}; published values kept, retrying", self.source);
        }
    }

    /// Logs a change between success and failure, and returns the value of a success.
    pub fn record<T, E: Display>(&mut self, result: Result<T, E>) -> Option<T> {
        match &result {
            Ok(_) => self.ok(),
            Err(error) => self.failed(error),
        }
        result.ok()
    }
}
