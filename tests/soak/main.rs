//! The soak: the real binary on a real xenstored and the real kernel, with random changes and faults in
//! rounds. At the end of each round all faults are removed. xenstore must then get the state of the guest's
//! kernel and files, and a new agent must have nothing to write.
//!
//! `tests/run` runs it for 75 s. For an hour, or to repeat a run:
//!   tests/run --test soak -- --seconds 3600 --seed 7
//! Seed and seconds determine the actions.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

#[allow(dead_code, unused_imports, reason = "tests/agent uses all of it")]
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

/// The least number of checkpoints of the last agent, however slow the machine.
const MIN_CHECKPOINTS: usize = 8;

fn main() {
    let Some(options) = options::read(std::env::args().skip(1)) else { return };
    let start = Instant::now();
    println!("soak: --seconds {} --seed {}", options.seconds, options.seed);
    let mut soak = soak::Soak::new(&options);
    checkpoint::run(&mut soak);
    let (mut reported, mut heap) = (0, None);
    while start.elapsed().as_secs() < options.seconds
        || soak.samples.len() < soak.restarts_until + MIN_CHECKPOINTS
    {
        if soak.samples.len() == soak.restarts_until {
            network::storm(&mut soak);
            heap = process::idle_heap(&mut soak);
        }
        for _ in 0..soak.random.between(20, 50) {
            actions::do_one(&mut soak);
        }
        checkpoint::run(&mut soak);
        let twentieths = start.elapsed().as_secs() * 20 / options.seconds;
        if twentieths > reported {
            reported = twentieths;
            report::progress(&soak, start.elapsed());
        }
    }
    let heap = [heap, process::idle_heap(&mut soak)];
    soak.end();
    report::end(&soak, start.elapsed(), heap);
}
