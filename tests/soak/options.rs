//! The arguments after `--`: duration and seed.

use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Clone, Copy)]
pub struct Options {
    pub seconds: u64,
    pub seed: u64,
}

/// The options; None if cargo was told to run tests of another name.
#[allow(clippy::disallowed_methods, reason = "the test, not the agent")]
pub fn read(mut arguments: impl Iterator<Item = String>) -> Option<Options> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let mut options = Options { seconds: 75, seed: u64::from(now.subsec_nanos()) };
    while let Some(argument) = arguments.next() {
        let mut number =
            || arguments.next().and_then(|value| value.parse().ok()).expect("a number");
        match argument.as_str() {
            "--seconds" => options.seconds = number(),
            "--seed" => options.seed = number(),
            flag if flag.starts_with('-') => {}
            name if "soak".contains(name) => {}
            _ => return None,
        }
    }
    Some(options)
}
