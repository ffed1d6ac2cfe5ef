//! Tries whether nodes are free: creates some where no toolstack has a watch, and removes them at once.

use std::io;

use log::debug;

use super::{Applied, Denied, Session};
use crate::diff::topmost_stale;
use crate::schema::QUOTA_PROBES;
use crate::store::Failure;

impl Session {
    /// Finds out why xenstored denied a write with the error of a quota. If as many nodes can be created in
    /// another directory, the names in the node's own directory are too long: the C xenstored limits them,
    /// including those of other programs. It would not help to remove our nodes then.
    pub(super) fn write_exceeds_limit(&mut self, path: &str, why: String) -> io::Result<Applied> {
        let node = topmost_stale(path, &self.published).unwrap_or(path).to_owned();
        let count = 1 + path.split('/').count() - node.split('/').count();
        if count > 1 {
            self.remove_part(&node)?;
        }
        if self.is_free(count, parent(&node))? != Some(true) {
            return Ok(Applied::Quota(why));
        }
        self.denials.add(&node, Denied::Node, &format!("{why}, its directory is full"));
        Ok(Applied::Denied)
    }

    /// Whether so many nodes are free; `None` if a try failed for another reason. Tries the directories other than
    /// `full` until one succeeds, with two requests for each.
    pub(super) fn is_free(&mut self, count: usize, full: &str) -> io::Result<Option<bool>> {
        let mut is_free = Some(false);
        for probe in QUOTA_PROBES.iter().filter(|probe| parent(probe) != full) {
            match self.fits(probe, count)? {
                Some(true) => return Ok(Some(true)),
                Some(false) => {}
                None => is_free = None,
            }
        }
        Ok(is_free)
    }

    /// Whether a chain of so many nodes can be created there: one request creates it, one removes it.
    fn fits(&mut self, probe: &str, count: usize) -> io::Result<Option<bool>> {
        let chain = probe.to_owned() + &"/n".repeat(count.saturating_sub(1));
        let created = self.store.write(&chain, "").map_err(Failure::from);
        debug!("quota probe {probe}: {created:?}");
        if let Err(Failure::Disconnected(error)) = created {
            return Err(error);
        }
        self.remove_part(probe)?;
        Ok(match created {
            Ok(()) => Some(true),
            Err(Failure::Quota(_)) => Some(false),
            Err(_) => None,
        })
    }

    /// Removes a chain of nodes. oxenstored leaves a part of a chain that does not fit.
    fn remove_part(&mut self, node: &str) -> io::Result<()> {
        match self.store.rm(node).map_err(Failure::from) {
            // A try of an earlier agent, which was killed before it removed the chain, was read back.
            Ok(()) | Err(Failure::NotFound) => self.published.remove(node),
            Err(Failure::Disconnected(error)) => return Err(error),
            Err(_) => self.published.set_raw(node, String::new()),
        }
        Ok(())
    }
}

fn parent(node: &str) -> &str {
    node.rsplit_once('/').map_or("", |(parent, _)| parent)
}
