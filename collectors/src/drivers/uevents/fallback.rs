//! Systems without uevents: they are looked at now and then.

use std::time::Duration;

use crate::poll::PollSource;

/// Listens to nothing.
#[derive(Debug)]
pub struct Uevents;

impl Uevents {
    /// How often to look without an event.
    pub const LOOK_AGAIN: Option<Duration> = Some(Duration::from_secs(60));

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
