//! The actions that were done: the count of each, and the last ones in full if the soak fails.

use crate::options::Options;
use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

const LAST: usize = 50;

pub struct Journal {
    options: Options,
    start: Instant,
    pub counts: BTreeMap<&'static str, u32>,
    /// The number of log lines that the actions so far may have caused.
    pub lines_allowed: usize,
    last: VecDeque<String>,
}

impl Journal {
    pub fn new(options: &Options) -> Journal {
        Journal {
            options: *options,
            start: Instant::now(),
            counts: BTreeMap::new(),
            lines_allowed: 0,
            last: VecDeque::new(),
        }
    }

    pub fn begin(&mut self, name: &'static str) {
        *self.counts.entry(name).or_default() += 1;
        self.note(format!("{} s: {name}:", self.start.elapsed().as_secs()));
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
            let Options { seconds, seed } = self.options;
            eprintln!("soak: --seconds {seconds} --seed {seed} failed; the last actions:");
            self.last.iter().for_each(|line| eprintln!("  {line}"));
        }
    }
}
