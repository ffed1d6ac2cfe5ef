//! The bounded channel from the collectors to the publisher.
//!
//! A crossbeam channel, but the receiver parks its thread instead of blocking inside `recv`:
//! crossbeam yields the processor eight times before each sleep, which would be most of the system
//! calls that an idle agent makes. Parking costs one call to sleep and one to wake. Nor does a
//! sender ever wait: while the store does not answer, the last fact of each kind is kept.

use std::mem::discriminant;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, TryRecvError, TrySendError, bounded};

use crate::Event;

/// Messages that may wait for the publisher. Whole facts supersede each other: there need only be
/// room for one of each kind.
const CAPACITY: usize = 16;

/// A collector's end. The channel closes when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Outbox(Arc<End>);

/// What the collectors' ends share.
#[derive(Debug)]
struct End {
    sender: Option<Sender<Event>>,
    /// To take out what a later fact of its kind has made worthless.
    waiting: Receiver<Event>,
    /// Held by who sends, so that no two facts change places.
    turn: Mutex<()>,
    receiver: Thread,
}

/// The publisher's end.
#[derive(Debug)]
pub struct Inbox(Receiver<Event>);

/// Why an [`Inbox`] gave no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvError {
    /// None came before the deadline.
    Timeout,
    /// None will come any more: every [`Outbox`] is gone.
    Disconnected,
}

/// Makes a channel whose messages `receiver` will take.
#[must_use]
pub fn channel(receiver: Thread) -> (Outbox, Inbox) {
    let (sender, inbox) = bounded(CAPACITY);
    let waiting = inbox.clone();
    let end = End { sender: Some(sender), waiting, turn: Mutex::new(()), receiver };
    (Outbox(Arc::new(end)), Inbox(inbox))
}

impl Outbox {
    /// Sends one message; in a full channel in the place of what it and others supersede. Without a
    /// receiver it is lost: the agent is about to end then.
    pub fn send(&self, event: Event) {
        let end = &self.0;
        let Some(sender) = &end.sender else { return };
        let turn = end.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(TrySendError::Full(event)) = sender.try_send(event) {
            let waiting: Vec<Event> = end.waiting.try_iter().chain([event]).collect();
            for event in last_of_each_kind(waiting) {
                let _ = sender.try_send(event);
            }
        }
        drop(turn);
        end.receiver.unpark();
    }
}

fn last_of_each_kind(events: Vec<Event>) -> Vec<Event> {
    let mut last: Vec<Event> = Vec::new();
    for event in events {
        last.retain(|known| discriminant(known) != discriminant(&event));
        last.push(event);
    }
    last
}

impl Drop for End {
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
    /// [`RecvError`] says whether it is worth waiting again.
    pub fn receive(&self, deadline: Option<Instant>) -> Result<Event, RecvError> {
        loop {
            match self.0.try_recv() {
                Ok(event) => return Ok(event),
                Err(TryRecvError::Disconnected) => return Err(RecvError::Disconnected),
                Err(TryRecvError::Empty) => {}
            }
            match deadline.map(|at| at.saturating_duration_since(Instant::now())) {
                None => thread::park(),
                Some(left) if left.is_zero() => return Err(RecvError::Timeout),
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
    use crate::{Memory, Network};

    fn memory(total: u64) -> Event {
        Event::Memory(Memory { total, available: 0, balloon: false })
    }

    #[test]
    fn nobody_waits_for_the_receiver_and_the_last_of_each_kind_is_kept() {
        let (outbox, inbox) = channel(thread::current());
        outbox.send(Event::ReadBack);
        outbox.send(Event::Network(Network::default()));
        (0..=1_000).for_each(|total| outbox.send(memory(total)));
        drop(outbox);
        let last = last_of_each_kind(inbox.waiting().collect());
        let network = Event::Network(Network::default());
        assert_eq!(last, [Event::ReadBack, network, memory(1_000)]);
        assert_eq!(inbox.receive(None), Err(RecvError::Disconnected));
    }

    #[test]
    fn of_many_senders_none_is_overtaken_by_himself() {
        let (outbox, inbox) = channel(thread::current());
        let senders: Vec<_> = (0..4)
            .map(|_| outbox.clone())
            .map(|outbox| thread::spawn(move || (0..=10_000).for_each(|n| outbox.send(memory(n)))))
            .collect();
        drop(outbox);
        let mut last = None;
        while let Ok(event) = inbox.receive(None) {
            last = Some(event);
        }
        assert_eq!(last, Some(memory(10_000)));
        senders.into_iter().for_each(|sender| sender.join().unwrap());
    }

    #[test]
    fn the_channel_closes_behind_the_last_message() {
        let (outbox, inbox) = channel(thread::current());
        let sender = thread::spawn(move || outbox.send(Event::ReadBack));
        assert_eq!(inbox.receive(None), Ok(Event::ReadBack));
        assert_eq!(inbox.receive(None), Err(RecvError::Disconnected));
        sender.join().unwrap();
    }

    #[test]
    fn a_deadline_that_passed_gives_what_is_there() {
        let (outbox, inbox) = channel(thread::current());
        (0..2).for_each(|total| outbox.send(memory(total)));
        assert_eq!(inbox.receive(Some(Instant::now())), Ok(memory(0)));
        assert_eq!(inbox.waiting().count(), 1);
        assert_eq!(inbox.receive(Some(Instant::now())), Err(RecvError::Timeout));
    }
}
