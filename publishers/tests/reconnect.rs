//! A lost connection is closed before the next is opened. NetBSD's kernel keeps the state of a connection per
//! thread: with two in one thread, each would get the other's replies.

#![allow(clippy::unwrap_used)]

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use facts::{Event, Memory, channel};
use publishers::guest_state::Source;
use publishers::store::Store;
use publishers::{Outcome, Publisher, Schema};
use xenstore::Error;
use xenstore_rs::Xs;

/// An empty store that accepts some writes; then the connection is lost.
struct Connection {
    open: Rc<Cell<u32>>,
    writes: Cell<u32>,
}

impl Connection {
    fn absent<T>(&self) -> io::Result<T> {
        Err(Error::NotFound.into())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.open.set(self.open.get() - 1);
    }
}

impl Store for Connection {}

impl Xs for Connection {
    fn directory(&self, _: &str) -> io::Result<Vec<Box<str>>> {
        self.absent()
    }

    fn read(&self, _: &str) -> io::Result<Box<str>> {
        self.absent()
    }

    fn write(&self, _: &str, _: &str) -> io::Result<()> {
        let left = self.writes.get().checked_sub(1).ok_or(io::ErrorKind::BrokenPipe)?;
        self.writes.set(left);
        Ok(())
    }

    fn rm(&self, _: &str) -> io::Result<()> {
        self.absent()
    }
}

#[test]
fn lost_connection_is_closed_before_the_next_is_opened() {
    let (open, most, opened) =
        (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let opener = {
        let (open, most, opened) = (open.clone(), most.clone(), opened.clone());
        move || {
            open.set(open.get() + 1);
            most.set(most.get().max(open.get()));
            opened.set(opened.get() + 1);
            let writes = Cell::new(if opened.get() == 1 { 2 } else { u32::MAX });
            Ok(Box::new(Connection { open: open.clone(), writes }) as Box<dyn Store>)
        }
    };
    let sources = Source::COLLECTORS.map(|(_, source)| source);
    let others: Vec<_> = sources.into_iter().filter(|source| *source != Source::Memory).collect();
    let publisher = Publisher::new(Schema::Std, Box::new(opener)).unwrap().disabled(&others);
    let (outbox, inbox) = channel();
    outbox.send(Event::Memory(Memory { total: 2, available: 1, balloon: false }));
    drop(outbox);
    assert_eq!(publisher.run(&inbox).unwrap(), Outcome::Synced);
    assert_eq!((opened.get(), most.get(), open.get()), (2, 1, 0));
}
