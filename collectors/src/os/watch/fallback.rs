//! Systems that tell of neither: a refresh is needed there.

use std::path::Path;

use crate::poll::PollSource;

/// Watches nothing.
#[derive(Debug)]
pub struct Watch;

impl Watch {
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
