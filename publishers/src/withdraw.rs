//! Takes back what agents have published, whatever their schema: the way of a fact without a fact.
//!
//! The mark that says so comes last, for three reasons. At a quota it takes the room of what was
//! removed. XAPI hosts watch `attr`: when they look, all else is gone. And OpenXT's xenmgr, which
//! reads `attr/PVAddons` and the mark whenever either changes and believes the one that it read
//! last, cannot find an agent after it found the mark.

use std::io;

use crate::diff::diff;
use crate::picture::Picture;
use crate::schema::Schema;
use crate::session::{Outcome, Session};
use crate::store::Store;

/// Removes what agents have published and leaves `attr/PVAddonsUninstalled`. An agent that starts
/// later removes that. Done once more, it changes nothing.
///
/// # Errors
/// When the connection is lost.
pub fn withdraw(store: Box<dyn Store>) -> io::Result<Outcome> {
    let schema = Schema::Withdrawn;
    let mut session = Session::new(store);
    session.reread()?;
    let wanted = schema.render(&Picture::default(), session.published());
    let changes = diff(session.published(), &wanted);
    session.apply(changes, &wanted, schema)
}
