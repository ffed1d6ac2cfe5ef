//! What was done: how often each, and the last of it in full when the soak fails.

use std::collections::{BTreeMap, VecDeque};

const LAST: usize = 50;

#[derive(Default)]
pub struct Journal {
    pub counts: BTreeMap<&'static str, u32>,
    /// Lines of the log that what was done since the last checkpoint may have cost.
    pub lines_allowed: usize,
    last: VecDeque<String>,
}

impl Journal {
    pub fn begin(&mut self, name: &'static str) {
        *self.counts.entry(name).or_default() += 1;
        self.note(format!("{name}:"));
    }

    /// Takes down what is about to be done.
    pub fn note(&mut self, line: impl Into<String>) {
        if self.last.len() == LAST {
            self.last.pop_front();
        }
        self.last.push_back(line.into());
    }

    /// Says more of what is being done.
    pub fn detail(&mut self, detail: &str) {
        let short: String = detail.chars().take(160).collect();
        if let Some(last) = self.last.back_mut() {
            *last += &format!(" {}", short.replace('\n', "; "));
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the last of what was done:");
            self.last.iter().for_each(|line| eprintln!("  {line}"));
        }
    }
}
