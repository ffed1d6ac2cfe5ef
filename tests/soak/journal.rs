//! The actions that were done: the count of each, and the last ones in full if the soak fails.

use std::collections::{BTreeMap, VecDeque};

const LAST: usize = 50;

#[derive(Default)]
pub struct Journal {
    pub counts: BTreeMap<&'static str, u32>,
    /// The number of log lines that the actions so far may have caused.
    pub lines_allowed: usize,
    last: VecDeque<String>,
}

impl Journal {
    pub fn begin(&mut self, name: &'static str) {
        *self.counts.entry(name).or_default() += 1;
        self.note(format!("{name}:"));
    }

    /// Records an action that begins.
    pub fn note(&mut self, line: impl Into<String>) {
        if self.last.len() == LAST {
            self.last.pop_front();
        }
        self.last.push_back(line.into());
    }

    /// Adds a detail to the present action.
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
            eprintln!("the last actions:");
            self.last.iter().for_each(|line| eprintln!("  {line}"));
        }
    }
}
