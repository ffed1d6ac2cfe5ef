//! Takes back what agents have published, whatever their schema: the way of a fact without a fact.
//!
//! The mark that says so comes last, for three reasons. At a quota it takes the room of what was
//! removed. XAPI hosts watch `attr`: when they look, all else is gone. And OpenXT's xenmgr, which
//! reads `attr/PVAddons` and the mark whenever either changes and believes the one that it read
//! last, cannot find an agent after it found the mark.

use std::io;

use crate::diff::diff;
use crate::picture::Picture;
use crate::publisher::{Error, Open};
use crate::schema::Schema;
use crate::session::{Outcome, Session};

/// Removes what agents have published and leaves `attr/PVAddonsUninstalled`. An agent that starts
/// later removes that. Done once more, it changes nothing.
///
/// # Errors
/// When the store cannot be opened, or the connection is lost.
pub fn withdraw(open: &Open) -> Result<Outcome, Error> {
    let session = Session::new(open().map_err(Error::Open)?);
    withdraw_from(session).map_err(Error::Lost)
}

fn withdraw_from(mut session: Session) -> io::Result<Outcome> {
    let schema = Schema::Withdrawn;
    session.reread()?;
    let wanted = schema.render(&Picture::default(), session.published());
    let changes = diff(session.published(), &wanted);
    session.apply(changes, &wanted, schema)
}
