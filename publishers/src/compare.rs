//! What an agent would change in a store: the half of a session that reads. Writes nothing.

use std::collections::BTreeMap;
use std::io;

use crate::diff::Change;
use crate::guest_state::{GuestState, Source};
use crate::key_tree::Tree;
use crate::keys::key_of;
use crate::read_back::{Snapshot, read_back};
use crate::schema::Schema;
use crate::store::Store;
use crate::wanted::{MAX_NODES, Wanted};

/// What the store holds, and what should be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// What the store holds below the roots of the agent.
    pub published: Tree,
    /// What an agent would publish: of what the state says, as much as the agent's own limit allows.
    pub wanted: Tree,
    /// What has to be changed. A sample that is published and has moved is not among it: an agent writes it
    /// at its interval.
    pub changes: Vec<Change>,
    /// Nodes that could not be read, with the error.
    pub unreadable: BTreeMap<String, String>,
}

/// Compares the store with what `state` should have published there.
///
/// # Errors
/// When the connection is lost.
pub fn compare(store: &dyn Store, schema: Schema, state: &GuestState) -> io::Result<Comparison> {
    let Snapshot { tree: published, unreadable } = read_back(store)?;
    let mut wanted = Wanted::new(schema);
    Source::ALL.into_iter().for_each(|source| wanted.render(source, state, &published));
    let mut changes = wanted.changes(&published, MAX_NODES);
    let is_sample = |path: &str| key_of(path).is_some_and(|key| key.is_sample);
    let is_moved_sample = |change: &Change| match change {
        Change::Write(path, _) => is_sample(path) && published.get(path).is_some(),
        Change::Remove(_) => false,
    };
    changes.retain(|change| !is_moved_sample(change));
    changes.sort_by_key(|change| (matches!(change, Change::Write(..)), change.path().to_owned()));
    let wanted = wanted.selected(&published, MAX_NODES);
    Ok(Comparison { published, wanted, changes, unreadable })
}

#[cfg(test)]
mod tests {
    use facts::{Memory, Os};
    use xenstore_rs::Xs;

    use super::*;
    use crate::session::Session;
    use crate::store::fake::FakeXenstore;

    fn state(available: u64, name: &str) -> GuestState {
        let os = Os { pretty_name: name.into(), ..Os::default() };
        let memory = Some(Memory { total: 1 << 20, available, balloon: false });
        GuestState { memory, os: Some(os), ..GuestState::default() }
    }

    #[test]
    fn store_after_a_batch_has_no_difference_and_comparing_writes_nothing() {
        let fake = FakeXenstore::default();
        let mut session = Session::new(Schema::Std, Box::new(fake.clone()));
        session.want_all(&state(1 << 19, "Plan 9"));
        session.publish(false).unwrap();
        fake.see().requests.clear();
        let same = compare(&fake, Schema::Std, &state(1 << 10, "Plan 9")).unwrap();
        assert_eq!(same.changes, []);
        let other = compare(&fake, Schema::Std, &state(1 << 19, "Inferno")).unwrap();
        assert_eq!(other.changes, [Change::Write("data/os_name".into(), "Inferno".into())]);
        assert_eq!(fake.see().requests, [""; 0]);
        fake.rm("data/meminfo_free").unwrap();
        let lost = compare(&fake, Schema::Std, &state(1 << 10, "Plan 9")).unwrap();
        assert_eq!(lost.changes, [Change::Write("data/meminfo_free".into(), "1024".into())]);
    }
}
