//! Systems that report no changes: the collector reads again at an interval.

use std::path::Path;
use std::time::Duration;

use crate::poll::PollSource;
use crate::watch_loop::Watch;

/// Watches nothing.
#[derive(Debug)]
pub struct OsWatch;

impl OsWatch {
    /// Watches nothing of the system below `root`.
    #[must_use]
    pub fn new(_root: &Path) -> Self {
        Self
    }
}

impl Watch for OsWatch {
    const INTERVAL: Option<Duration> = Some(Duration::from_secs(60));

    fn sources(&self) -> Vec<PollSource> {
        Vec::new()
    }

    fn drain(&mut self) -> bool {
        false
    }
}
