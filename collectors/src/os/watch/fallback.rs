//! Systems that tell of neither: they are looked at now and then.

use std::path::Path;
use std::time::Duration;

use crate::poll::PollSource;

/// Watches nothing.
#[derive(Debug)]
pub struct Watch;

impl Watch {
    /// How often to look without an event.
    pub const LOOK_AGAIN: Option<Duration> = Some(Duration::from_secs(60));

    /// Watches nothing of the system below `root`.
    #[must_use]
    pub fn new(_root: &Path) -> Self {
        Self
    }

    /// Nothing to wait for.
    #[must_use]
    pub fn sources(&self) -> Vec<PollSource> {
        Vec::new()
    }

    /// Nothing to forget.
    pub fn drain(&mut self) {}
}
