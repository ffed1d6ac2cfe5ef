//! The bounded channel from the collectors to the publisher.
//!
//! A crossbeam channel, but the receiver parks its thread instead of blocking inside `recv`:
//! crossbeam yields the processor eight times before each sleep, which would be most of the system
//! calls that an idle agent makes. Parking costs one call to sleep and one to wake.

use std::thread::{self, Thread};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use crate::Event;

/// Facts that may wait for the publisher. Whole facts supersede each other, so few are enough;
/// a collector that finds the channel full waits.
const CAPACITY: usize = 8;

/// A collector's end. The channel closes when the last one is dropped.
#[derive(Debug)]
pub struct Outbox {
    sender: Option<Sender<Event>>,
    receiver: Thread,
}

/// The publisher's end.
#[derive(Debug)]
pub struct Inbox(Receiver<Event>);

/// Why an [`Inbox`] gave no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nothing {
    /// None came before the deadline.
    Yet,
    /// None will come any more: every [`Outbox`] is gone.
    Ever,
}

/// Makes a channel whose messages `receiver` will take.
#[must_use]
pub fn channel(receiver: Thread) -> (Outbox, Inbox) {
    let (sender, inbox) = bounded(CAPACITY);
    (Outbox { sender: Some(sender), receiver }, Inbox(inbox))
}

impl Outbox {
    /// Sends one message; waits while the channel is full. Without a receiver it is lost: the agent
    /// is about to end then.
    pub fn send(&self, event: Event) {
        if let Some(sender) = &self.sender {
            let _ = sender.send(event);
            self.receiver.unpark();
        }
    }

    /// Sends one message unless the channel is full; says whether it did. For who must not wait.
    #[must_use]
    pub fn offer(&self, event: Event) -> bool {
        let sent = self.sender.as_ref().is_some_and(|sender| sender.try_send(event).is_ok());
        self.receiver.unpark();
        sent
    }
}

impl Clone for Outbox {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), receiver: self.receiver.clone() }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.sender = None;
        self.receiver.unpark();
    }
}

impl Inbox {
    /// Waits for the next message, until `deadline` if there is one. To be called on the thread the
    /// channel was made for.
    ///
    /// # Errors
    /// [`Nothing`] says whether it is worth waiting again.
    pub fn receive(&self, deadline: Option<Instant>) -> Result<Event, Nothing> {
        loop {
            match self.0.try_recv() {
                Ok(event) => return Ok(event),
                Err(TryRecvError::Disconnected) => return Err(Nothing::Ever),
                Err(TryRecvError::Empty) => {}
            }
            match deadline.map(|at| at.saturating_duration_since(Instant::now())) {
                None => thread::park(),
                Some(left) if left.is_zero() => return Err(Nothing::Yet),
                Some(left) => thread::park_timeout(left),
            }
        }
    }

    /// The messages that wait already.
    pub fn waiting(&self) -> impl Iterator<Item = Event> {
        self.0.try_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled() -> (Outbox, Inbox) {
        let (outbox, inbox) = channel(thread::current());
        for _ in 0..CAPACITY {
            outbox.send(Event::Reread);
        }
        (outbox, inbox)
    }

    #[test]
    fn who_must_not_wait_is_told_that_the_channel_is_full() {
        let (outbox, inbox) = filled();
        assert!(!outbox.offer(Event::Reread));
        assert_eq!(inbox.waiting().count(), CAPACITY);
        assert!(outbox.offer(Event::Reread));
    }

    #[test]
    fn the_channel_closes_behind_the_last_message() {
        let (outbox, inbox) = filled();
        let sender = thread::spawn(move || outbox.send(Event::Reread));
        for _ in 0..=CAPACITY {
            assert_eq!(inbox.receive(None), Ok(Event::Reread));
        }
        assert_eq!(inbox.receive(None), Err(Nothing::Ever));
        sender.join().unwrap();
    }

    #[test]
    fn a_deadline_that_passed_gives_what_is_there() {
        let (_outbox, inbox) = filled();
        assert_eq!(inbox.receive(Some(Instant::now())), Ok(Event::Reread));
        assert_eq!(inbox.waiting().count(), CAPACITY - 1);
        assert_eq!(inbox.receive(Some(Instant::now())), Err(Nothing::Yet));
    }
}
