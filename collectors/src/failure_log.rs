//! Says once that a source fails, and once that it is well again.

use std::fmt::Display;

use log::{info, warn};

/// The state of one source; logs its changes and nothing else.
#[derive(Debug)]
pub struct FailureLog {
    source: &'static str,
    failing: bool,
}

impl FailureLog {
    /// A source that is well; `source` names it in the log.
    pub fn new(source: &'static str) -> Self {
        Self { source, failing: false }
    }

    /// The source gave what it should.
    pub fn ok(&mut self) {
        if std::mem::replace(&mut self.failing, false) {
            info!("{}: well again", self.source);
        }
    }

    /// The source failed.
    pub fn failed(&mut self, error: &impl Display) {
        if !std::mem::replace(&mut self.failing, true) {
            warn!("{}: {error}; will be tried again", self.source);
        }
    }

    /// Takes note of how an attempt ended, and passes on what it gave.
    pub fn record<T, E: Display>(&mut self, result: Result<T, E>) -> Option<T> {
        match &result {
            Ok(_) => self.ok(),
            Err(error) => self.failed(error),
        }
        result.ok()
    }
}
