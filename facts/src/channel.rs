//! The bounded channel from the collectors to the publisher.

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::Event;

/// The capacity, in events. There are fewer collectors, so none waits while the publisher runs. While xenstored does
/// not answer, a collector may wait: its next event has the full state of its source.
const CAPACITY: usize = 16;

/// A collector's end. The channel closes when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Outbox(Sender<Event>);

/// The publisher's end.
pub type Inbox = Receiver<Event>;

/// Makes a channel.
#[must_use]
pub fn channel() -> (Outbox, Inbox) {
    let (sender, inbox) = bounded(CAPACITY);
    (Outbox(sender), inbox)
}

impl Outbox {
    /// Sends an event; waits while the channel is full. Without a receiver the event is lost: the agent is about
    /// to end then.
    pub fn send(&self, event: Event) {
        let _ = self.0.send(event);
    }
}
