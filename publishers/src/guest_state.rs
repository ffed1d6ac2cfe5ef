//! The state of the guest: the last fact of each kind. No I/O.

use crate::clock::Moment;
use facts::{Disks, Drivers, Event, Memory, Network, Os, Service, SriovVf};

/// The known facts; `None` is not known yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuestState {
    /// NICs and addresses.
    pub network: Option<Network>,
    /// Memory.
    pub memory: Option<Memory>,
    /// Operating system and names.
    pub os: Option<Os>,
    /// SR-IOV virtual functions.
    pub functions: Option<Vec<SriovVf>>,
    /// Drivers of Xen's devices.
    pub drivers: Option<Drivers>,
    /// When the agent started.
    pub started: Moment,
    /// The agent as a service.
    pub service: Option<Service>,
    /// Volumes and their free space.
    pub disks: Option<Disks>,
    /// Sources that are switched off. They count as known to have no fact, so their keys are removed.
    pub disabled: Vec<Source>,
}

/// The source of a key's fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The agent itself: always known.
    Agent,
    /// The network collector.
    Network,
    /// The memory collector.
    Memory,
    /// The os collector.
    Os,
    /// The sriov collector, and the network collector, which has the addresses.
    Sriov,
    /// The drivers collector.
    Drivers,
    /// The service collector.
    Service,
    /// The disks collector.
    Disks,
}

impl Source {
    /// All sources.
    pub const ALL: [Self; 8] = [
        Self::Agent,
        Self::Network,
        Self::Memory,
        Self::Os,
        Self::Sriov,
        Self::Drivers,
        Self::Service,
        Self::Disks,
    ];

    /// The sources whose keys an event may change.
    #[must_use]
    pub fn of(event: &Event) -> &'static [Self] {
        match event {
            Event::Network(_) => &[Self::Network, Self::Sriov],
            Event::Memory(_) => &[Self::Memory],
            Event::Os(_) => &[Self::Os],
            Event::SriovVfs(_) => &[Self::Sriov],
            Event::Drivers(_) => &[Self::Drivers],
            Event::Service(_) => &[Self::Service],
            Event::Disks(_) => &[Self::Disks],
            Event::ReadBack => &[],
        }
    }

    /// The collectors, by their names on the command line.
    pub const COLLECTORS: [(&'static str, Self); 7] = [
        ("net", Self::Network),
        ("memory", Self::Memory),
        ("os", Self::Os),
        ("disks", Self::Disks),
        ("sriov", Self::Sriov),
        ("drivers", Self::Drivers),
        ("service", Self::Service),
    ];
}

impl GuestState {
    /// Stores the fact of an event. [`Event::ReadBack`] has none.
    pub fn apply(&mut self, event: Event) {
        match event {
            Event::Network(network) => self.network = Some(network),
            Event::Memory(memory) => self.memory = Some(memory),
            Event::Os(os) => self.os = Some(os),
            Event::SriovVfs(functions) => self.functions = Some(functions),
            Event::Drivers(drivers) => self.drivers = Some(drivers),
            Event::Service(service) => self.service = Some(service),
            Event::Disks(disks) => self.disks = Some(disks),
            Event::ReadBack => {}
        }
    }

    /// The sources of which it is known whether they have a fact.
    pub fn known(&self) -> impl Iterator<Item = Source> {
        Source::ALL.into_iter().filter(|source| self.is_known(*source))
    }

    /// Whether this source has sent its fact, or is switched off.
    #[must_use]
    pub fn is_known(&self, source: Source) -> bool {
        let has_fact = match source {
            Source::Agent => true,
            Source::Network => self.network.is_some(),
            Source::Memory => self.memory.is_some(),
            Source::Os => self.os.is_some(),
            Source::Sriov => self.functions.is_some() && self.is_known(Source::Network),
            Source::Drivers => self.drivers.is_some(),
            Source::Service => self.service.is_some(),
            Source::Disks => self.disks.is_some(),
        };
        has_fact || self.disabled.contains(&source)
    }

    /// Whether each source is known.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        Source::COLLECTORS.iter().all(|(_, source)| self.is_known(*source))
    }
}
