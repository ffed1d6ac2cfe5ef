//! A clock of the agent that a test can move: `shim/clock.c` is preloaded into the agent.

use super::agent::wait_idle;
use super::preload::preload;
use super::{Agent, Guest};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// The agent's clocks. At first they are two weeks ahead of the machine's: a machine that has just started
/// has no time before to which a clock could jump back. They move when the agent is idle: what it does with an event
/// it does at one time.
pub struct Clock {
    offsets: File,
    /// The agent's process id.
    pid: u32,
}

/// A way to move a clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Jump {
    WeekAhead,
    WeekBack,
    Restored,
}

impl Clock {
    /// Moves both clocks ahead by this time.
    pub fn jump(&self, ahead: Duration) {
        for clock in 0..2 {
            let mut offset = [0; 8];
            self.offsets.read_exact_at(&mut offset, clock * 8).unwrap();
            self.set_offset(clock, i64::from_ne_bytes(offset) + ahead.as_nanos() as i64);
        }
    }

    /// Moves the date.
    pub fn date(&self, jump: Jump) {
        self.set_offset(0, offset_of(jump));
    }

    /// Sets the date, in seconds since 1970.
    #[allow(clippy::disallowed_methods, reason = "the test, not the agent")]
    pub fn set_date(&self, unix: i64) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
        self.set_offset(0, (unix - now) * 1_000_000_000);
    }

    /// Moves CLOCK_MONOTONIC, as a bug of a kernel or hypervisor may do.
    pub fn monotonic(&self, jump: Jump) {
        self.set_offset(1, offset_of(jump));
    }

    fn set_offset(&self, clock: u64, nanoseconds: i64) {
        wait_idle(self.pid);
        self.offsets.write_all_at(&nanoseconds.to_ne_bytes(), clock * 8).unwrap();
    }
}

fn offset_of(jump: Jump) -> i64 {
    let weeks = match jump {
        Jump::WeekBack => 1,
        Jump::Restored => 2,
        Jump::WeekAhead => 3,
    };
    (weeks * WEEK).as_nanos() as i64
}

impl Guest {
    /// Starts the agent, logging to standard error, with a clock of its own.
    pub fn agent_with_a_clock(&self, arguments: &[&str]) -> (Agent, Clock) {
        let path = self.run.path().join("clock");
        let offsets = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        let start = offset_of(Jump::Restored).to_ne_bytes();
        offsets.write_all_at(&[start, start].concat(), 0).unwrap();
        let mut command = self.command(&[&["-s"], arguments].concat());
        command.env("XGA_CLOCK", path);
        preload(&mut command, "clock-shim", &["clock.c"]);
        let agent = Agent::spawn(command);
        let clock = Clock { offsets, pid: agent.pid() };
        (agent, clock)
    }
}
