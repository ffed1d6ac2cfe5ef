//! The state of the soak: the guest, its agent, the actions so far and their figures.

use crate::figures::{Sample, ticks};
use crate::harness::{Agent, Guest, TracePosition};
use crate::host::Host;
use crate::journal::Journal;
use crate::options::Options;
use crate::random::Random;
use crate::system::System;
use crate::volumes::Volumes;
use crate::{network, process, system};
use std::collections::BTreeMap;
use std::fs::File;
use std::time::Duration;

/// Figures and log of the agents that have ended.
#[derive(Default)]
pub struct Ended {
    pub ticks: u64,
    pub log: String,
}

pub struct Soak {
    pub agent: Option<Agent>,
    pub stopped: bool,
    pub starts: u32,
    pub ended: Ended,
    /// The figures of each checkpoint.
    pub samples: Vec<Sample>,
    pub changes: usize,
    /// The position in the trace of the last checkpoint.
    trace_start: TracePosition,
    pub journal: Journal,
    pub random: Random,
    pub host: Host,
    pub system: System,
    pub volumes: Volumes,
    /// The present names of the VIFs and SR-IOV VFs that are plugged in, by number.
    pub links: BTreeMap<u32, String>,
    /// The number of checkpoints after which the agent is not restarted any more.
    pub restarts_until: usize,
    pub guest: Guest,
}

impl Soak {
    pub fn new(options: &Options) -> Soak {
        let guest = Guest::new();
        let volumes = Volumes::new(&guest);
        let mut soak = Soak {
            agent: None,
            stopped: false,
            starts: 0,
            ended: Ended::default(),
            samples: Vec::new(),
            changes: 0,
            trace_start: guest.mark(),
            journal: Journal::new(options),
            random: Random(options.seed),
            host: Host::new(),
            system: System::new(),
            volumes,
            links: BTreeMap::new(),
            restarts_until: options.seconds as usize / 3,
            guest,
        };
        network::prepare(&mut soak);
        system::prepare(&mut soak);
        process::start(&mut soak);
        soak
    }

    /// The agent is restarted in the first part only. The second part shows whether its memory grows.
    pub fn may_restart(&self) -> bool {
        self.samples.len() < self.restarts_until
    }

    /// Sleeps in one of four calls, for longer than the agent's back-off, so that a fault lasts.
    pub fn sometimes_sleep(&mut self) {
        if self.random.one_in(4) {
            self.journal.detail("for a while");
            std::thread::sleep(Duration::from_millis(self.random.between(1500, 4000)));
        }
    }

    /// The log of all agents.
    pub fn log(&self) -> String {
        self.ended.log.clone() + &self.agent.as_ref().map(Agent::stderr).unwrap_or_default()
    }

    /// Counts the changes since the last checkpoint and empties the trace, which would become long.
    pub fn count_changes(&mut self) {
        let trace = self.guest.socket().with_file_name("trace");
        self.changes += self.guest.changes_since(self.trace_start).len();
        File::options().write(true).open(trace).unwrap().set_len(0).unwrap();
        self.trace_start = self.guest.mark();
    }

    /// Ends the agent and the soak.
    pub fn end(&mut self) {
        let agent = self.agent.take().expect("it runs");
        self.ended.ticks += ticks(agent.pid());
        let end = agent.stop("TERM");
        assert_eq!(end.code, Some(0), "{end:?}");
        self.ended.log += &end.stderr;
    }
}
