//! Systems without uevents: a refresh is needed there.

use crate::poll::PollSource;

/// Listens to nothing.
#[derive(Debug)]
pub struct Uevents;

impl Uevents {
    /// Listens to nothing.
    pub fn listen() -> Self {
        Self
    }

    /// Nothing to wait for.
    pub fn sources(&self) -> Vec<PollSource> {
        Vec::new()
    }

    /// Nothing has come.
    pub fn read(&mut self) -> bool {
        false
    }
}
