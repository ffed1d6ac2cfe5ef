//! The words after `--`: how long, and from which seed.

use std::time::{SystemTime, UNIX_EPOCH};

pub struct Options {
    pub seconds: u64,
    pub seed: u64,
}

/// What is asked for; none when cargo was asked for tests of another name.
pub fn read(mut words: impl Iterator<Item = String>) -> Option<Options> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let mut options = Options { seconds: 75, seed: u64::from(now.subsec_nanos()) };
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|word| word.parse().ok()).expect("a number");
        match word.as_str() {
            "--seconds" => options.seconds = number(),
            "--seed" => options.seed = number(),
            flag if flag.starts_with('-') => {}
            name if "soak".contains(name) => {}
            _ => return None,
        }
    }
    Some(options)
}
