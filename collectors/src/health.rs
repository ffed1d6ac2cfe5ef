//! Says once that a source fails, and once that it is well again.

use std::fmt::Display;

use log::{info, warn};

/// The state of one source; logs its changes and nothing else.
#[derive(Debug)]
pub struct Health {
    source: &'static str,
    failing: bool,
}

impl Health {
    /// A source that is well; `source` names it in the log.
    pub fn new(source: &'static str) -> Self {
        Self { source, failing: false }
    }

    /// Takes note of how the last attempt ended, and passes on what it gave.
    pub fn note<T, E: Display>(&mut self, result: Result<T, E>) -> Option<T> {
        match result {
            Ok(value) => {
                if std::mem::replace(&mut self.failing, false) {
                    info!("{}: well again", self.source);
                }
                Some(value)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    warn!("{}: {error}; will be tried again", self.source);
                }
                None
            }
        }
    }
}
