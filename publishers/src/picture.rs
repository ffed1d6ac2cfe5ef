//! The picture of the guest that the facts make: of each kind the last one. No I/O.

use facts::{Event, Memory, Network, Os};

/// What is known of the guest; `None` is not known yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// NICs and addresses.
    pub network: Option<Network>,
    /// Memory.
    pub memory: Option<Memory>,
    /// Operating system and names.
    pub os: Option<Os>,
}

/// Who tells a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The agent itself: always known.
    Agent,
    /// The network collector.
    Network,
    /// The memory collector.
    Memory,
    /// The os collector.
    Os,
}

impl Picture {
    /// Takes a fact in. [`Event::Reread`] is none.
    pub fn fold(&mut self, event: Event) {
        match event {
            Event::Network(network) => self.network = Some(network),
            Event::Memory(memory) => self.memory = Some(memory),
            Event::Os(os) => self.os = Some(os),
            Event::Reread => {}
        }
    }

    /// Whether this source has told its fact.
    #[must_use]
    pub fn knows(&self, source: Source) -> bool {
        match source {
            Source::Agent => true,
            Source::Network => self.network.is_some(),
            Source::Memory => self.memory.is_some(),
            Source::Os => self.os.is_some(),
        }
    }

    /// Whether every source has told its fact.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        [Source::Network, Source::Memory, Source::Os].into_iter().all(|source| self.knows(source))
    }
}
