//! Linux: lists by rtnetlink's dumps, after the events of another socket.

mod answers;
mod changes;
mod requests;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use log::debug;

use self::answers::{Answer, Answers};
use self::changes::Changes;
use super::rtnetlink::{Link, Payload};
use super::snapshot::Snapshot;
use super::upper_devices::is_upper_kind;
use super::vif;
use crate::poll::PollSource;

/// The number of interrupted dumps after which what they have together is published.
const DUMP_ATTEMPTS: u32 = 8;
/// Delay before the next list after one that may lack something.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// Lists links and addresses.
pub struct Lister {
    root: PathBuf,
    changes: Changes,
    answers: Answers,
    snapshot: Snapshot,
    /// The list of links is not the kernel's any more.
    links_changed: bool,
    /// The VIFs that were found, by interface index: a rename does not change them, and while it goes on, sysfs
    /// does not show them.
    vifs: BTreeMap<u32, u32>,
}

impl Lister {
    /// Subscribes to the changes. sysfs is read below `root`.
    ///
    /// # Errors
    /// When a socket cannot be opened.
    pub fn open(root: &Path) -> io::Result<Self> {
        Ok(Self {
            root: root.to_owned(),
            changes: Changes::open()?,
            answers: Answers::open()?,
            snapshot: Snapshot::default(),
            links_changed: true,
            vifs: BTreeMap::new(),
        })
    }

    /// Becomes readable with the next change.
    pub fn changes(&self) -> PollSource {
        self.changes.poll_source()
    }

    /// What there is now. Links are listed only after a message about one.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub fn list(&mut self) -> io::Result<&Snapshot> {
        // First, so that no later change is missed. An address belongs to a link that was listed before.
        self.links_changed |= self.changes.drain()?;
        let mut is_complete = true;
        if self.links_changed {
            let as_link =
                |payload| if let Payload::Link(link) = payload { Some(link) } else { None };
            let links = self.dump(requests::links, as_link, |link| link.index, &mut is_complete)?;
            self.set_links(links);
        }
        self.snapshot.addresses = self.dump(
            requests::addresses,
            |payload| if let Payload::Address(address) = payload { Some(address) } else { None },
            |address| (address.link, address.ip, address.prefix),
            &mut is_complete,
        )?;
        self.snapshot.route_sources = self.route_sources()?;
        self.links_changed = !is_complete || self.snapshot.vif_error.is_some();
        self.snapshot.again = self.links_changed.then_some(RETRY_INTERVAL);
        Ok(&self.snapshot)
    }

    fn set_links(&mut self, mut links: Vec<Link>) {
        self.snapshot.vif_error = None;
        for link in &mut links {
            link.vif = self.vif(link).unwrap_or_else(|error| {
                let name = String::from_utf8_lossy(&link.name);
                self.snapshot.vif_error =
                    Some(io::Error::new(error.kind(), format!("{name}: {error}")));
                None
            });
        }
        self.vifs = links.iter().filter_map(|link| Some((link.index, link.vif?))).collect();
        self.snapshot.links = links;
    }

    fn vif(&self, link: &Link) -> io::Result<Option<u32>> {
        match (&link.parent, self.vifs.get(&link.index)) {
            (Some(parent), _) => Ok(vif::of_parent(parent)),
            (None, Some(&known)) => Ok(Some(known)),
            (None, None) if is_upper_kind(&link.info_kind) => Ok(None),
            (None, None) => vif::lookup(&self.root, &link.name, link.index),
        }
    }

    /// All that `take` takes of a dump. While links or addresses change all the time, each dump is interrupted and may
    /// lack one: then it is what several dumps have together, by `key`, and not complete.
    fn dump<T, K: Ord>(
        &mut self,
        request: fn(u32) -> Vec<u8>,
        take: fn(Payload) -> Option<T>,
        key: fn(&T) -> K,
        is_complete: &mut bool,
    ) -> io::Result<Vec<T>> {
        let mut known = Vec::new();
        for _ in 0..DUMP_ATTEMPTS {
            let mut dump = Vec::new();
            match self.answers.ask(request, |payload| dump.extend(take(payload)))? {
                Answer::DumpDone { interrupted: false } => return Ok(dump),
                Answer::Error(errno) => return Err(io::Error::from_raw_os_error(errno)),
                Answer::DumpDone { .. } | Answer::Route(_) => {}
            }
            let newest: BTreeSet<K> = dump.iter().map(key).collect();
            dump.extend(known.into_iter().filter(|it| !newest.contains(&key(it))));
            known = dump;
        }
        debug!(
            "network: {DUMP_ATTEMPTS} dumps were interrupted; publishing what they have together"
        );
        *is_complete = false;
        Ok(known)
    }

    /// The source addresses of the default routes. An error means that there is no such route.
    fn route_sources(&mut self) -> io::Result<Vec<IpAddr>> {
        let mut sources = Vec::new();
        for destination in super::ROUTE_PROBES {
            let request = |sequence| requests::route(sequence, destination);
            if let Answer::Route(Some(source)) = self.answers.ask(request, |_| {})? {
                sources.push(source);
            }
        }
        Ok(sources)
    }
}
