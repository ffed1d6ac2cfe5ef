//! Systems without uevents: the collector reads again at an interval.

use std::time::Duration;

use crate::poll::PollSource;
use crate::watch_loop::Watch;

/// Receives nothing.
#[derive(Debug)]
pub struct Uevents;

impl Uevents {
    /// Subscribes to nothing.
    pub fn subscribe() -> Self {
        Self
    }
}

impl Watch for Uevents {
    const INTERVAL: Option<Duration> = Some(Duration::from_secs(60));

    fn sources(&self) -> Vec<PollSource> {
        Vec::new()
    }

    fn drain(&mut self) -> bool {
        false
    }
}
