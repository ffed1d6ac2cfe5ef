//! The soak as a whole: the guest, its agent, what was done to them, and what came of it.

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

/// What the agents that have ended left.
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
    /// Where the trace begins since it was emptied.
    beginning: TracePosition,
    pub journal: Journal,
    pub random: Random,
    pub host: Host,
    pub system: System,
    pub volumes: Volumes,
    /// The VIFs and functions that are plugged in, by number, as they are called now.
    pub links: BTreeMap<u32, String>,
    /// How many checkpoints there are before the agent is to live on to the end.
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
            beginning: guest.mark(),
            journal: Journal::default(),
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

    /// Ends and starts of the agent are for the first part; what memory it keeps shows in the second.
    pub fn may_restart(&self) -> bool {
        self.samples.len() < self.restarts_until
    }

    /// Has what was just done last, at times, for longer than the agent waits between two tries.
    pub fn lasts(&mut self) {
        if self.random.one_in(4) {
            self.journal.detail("for a while");
            std::thread::sleep(Duration::from_millis(self.random.between(1500, 4000)));
        }
    }

    /// What all agents have logged.
    pub fn log(&self) -> String {
        self.ended.log.clone() + &self.agent.as_ref().map(Agent::stderr).unwrap_or_default()
    }

    /// Counts what was written since the last checkpoint, and forgets it: an hour's trace is long.
    pub fn take_trace(&mut self) {
        let trace = self.guest.socket().with_file_name("trace");
        self.changes += self.guest.changes_since(self.beginning).len();
        File::options().write(true).open(trace).unwrap().set_len(0).unwrap();
        self.beginning = self.guest.mark();
    }

    /// Ends the agent, and with it the soak.
    pub fn end(&mut self) {
        let agent = self.agent.take().expect("it runs");
        self.ended.ticks += ticks(agent.pid());
        let end = agent.stop("TERM");
        assert_eq!(end.code, Some(0), "{end:?}");
        self.ended.log += &end.stderr;
    }
}
