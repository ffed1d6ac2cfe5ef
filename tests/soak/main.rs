//! The soak: the real binary on a real xenstored and the real kernel, with everything happening to it
//! at random, round after round. At the end of each round all faults are lifted, and the store must
//! become what the guest's kernel and files say; a fresh agent must find nothing to write.
//!
//! `tests/run` runs it for a minute and a quarter; for an hour, or the same once more:
//!   tests/run --test soak -- --seconds 3600 --seed 7
//! What happens follows from the seed and the seconds alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

#[allow(dead_code, unused_imports, reason = "tests/agent is held to using all of it")]
#[path = "../harness/mod.rs"]
mod harness;

mod actions;
mod checkpoint;
mod expected;
mod figures;
mod foreign;
mod host;
mod journal;
mod kernel;
mod network;
mod options;
mod process;
mod random;
mod report;
mod soak;
mod system;
mod volumes;

use std::time::Instant;

/// Quiet points that the last agent must live through, however slow the machine.
const LEAST: usize = 8;

fn main() {
    let Some(options) = options::read(std::env::args().skip(1)) else { return };
    let start = Instant::now();
    println!("soak: --seconds {} --seed {}", options.seconds, options.seed);
    let mut soak = soak::Soak::new(&options);
    checkpoint::settle(&mut soak);
    let (mut told, mut live) = (0, 0);
    while start.elapsed().as_secs() < options.seconds
        || soak.samples.len() < soak.restarts_until + LEAST
    {
        if soak.samples.len() == soak.restarts_until {
            network::storm(&mut soak);
            live = process::least_live(&mut soak);
        }
        for _ in 0..soak.random.between(20, 50) {
            actions::do_one(&mut soak);
        }
        checkpoint::settle(&mut soak);
        let twentieths = start.elapsed().as_secs() * 20 / options.seconds;
        if twentieths > told {
            told = twentieths;
            report::progress(&soak, start.elapsed());
        }
    }
    let live = [live, process::least_live(&mut soak)];
    soak.end();
    report::end(&soak, start.elapsed(), live);
}
