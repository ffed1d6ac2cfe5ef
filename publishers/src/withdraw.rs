//! Removes the keys that agents have published with any schema.
//!
//! `attr/PVAddonsUninstalled` is written last, for three reasons. At the quota it needs a node that was removed
//! before. When XAPI's watch on `attr` fires, all other keys are gone. OpenXT's xenmgr reads `attr/PVAddons` and
//! this key when either changes, and keeps the one that it read last; it cannot read `attr/PVAddons` afterwards.

use std::io;

use crate::guest_state::{GuestState, Source};
use crate::publisher::{Error, OpenStore, Outcome};
use crate::schema::Schema;
use crate::session::Session;

/// Removes the keys that agents have published and writes `attr/PVAddonsUninstalled`, which the next start of
/// an agent removes. A second call changes nothing.
///
/// # Errors
/// When the store cannot be opened, or the connection is lost.
pub fn withdraw(open: &OpenStore) -> Result<Outcome, Error> {
    let session = Session::new(Schema::Withdrawn, open().map_err(Error::Open)?);
    withdraw_from(session).map_err(Error::Lost)
}

fn withdraw_from(mut session: Session) -> io::Result<Outcome> {
    session.read_back()?;
    let nothing = GuestState { disabled: Source::ALL.to_vec(), ..GuestState::default() };
    session.want_all(&nothing);
    session.publish(false)?;
    Ok(Outcome::of(&session))
}

#[cfg(test)]
mod tests {
    use facts::{Disks, Memory, Volume};

    use super::*;
    use crate::store::fake::{FakeXenstore, Fault};

    fn published(schema: Schema) -> FakeXenstore {
        let fake = FakeXenstore::default();
        let mut session = Session::new(schema, Box::new(fake.clone()));
        let memory = Some(Memory { total: 2, available: 1, balloon: true });
        let volume = |name: &str| Volume { name: name.into(), ..Volume::default() };
        let disks = Some(Disks { volumes: vec![volume("a"), volume("b")] });
        let state = GuestState { memory, disks, ..GuestState::default() };
        session.want_all(&state);
        session.publish(false).unwrap();
        fake
    }

    // After the package is removed, the machine may be switched off at any moment.
    #[test]
    fn cut_short_at_any_request_it_is_done_by_the_next_run() {
        for (schema, left) in [(Schema::Std, 2), (Schema::Rfc, 1)] {
            for requests in 0.. {
                let fake = published(schema);
                let open: OpenStore = Box::new({
                    let fake = fake.clone();
                    move || Ok(Box::new(fake.clone()))
                });
                fake.see().faults = vec![Some(Fault::Lost)];
                fake.see().faults.extend(vec![None; requests]);
                let first = withdraw(&open);
                fake.see().faults.clear();
                assert_eq!(withdraw(&open).unwrap(), Outcome::Synced);
                let keys = fake.see().keys();
                assert_eq!(keys.get("attr/PVAddonsUninstalled"), Some("1"));
                assert!(keys.iter().count() == left, "after {requests} requests: {keys:?}");
                if first.is_ok() {
                    break;
                }
            }
        }
    }
}
