//! The bounded channel from the collectors to the publisher.
//!
//! A crossbeam channel whose receiver parks its thread. crossbeam's `recv` would yield the processor eight
//! times before each sleep, which would be most of the system calls of an idle agent. Parking costs one call
//! to sleep and one to wake. A sender never waits: while xenstored does not answer, the newest event of each
//! kind is kept.

use std::mem::discriminant;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, TryRecvError, TrySendError, bounded};

use crate::{Event, Memory, PublishedMemory};

/// The capacity, in events. An event has the full state of its source and replaces older ones, so space for
/// one event of each kind is enough.
const CAPACITY: usize = 16;

/// A collector's end. The channel closes when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Outbox(Arc<Senders>);

/// Shared by the collectors' ends.
#[derive(Debug)]
struct Senders {
    sender: Option<Sender<Event>>,
    /// Removes events that a newer one of their kind replaces.
    waiting: Receiver<Event>,
    /// Locked while an event is sent, so that the events of one sender stay in order.
    send_lock: Mutex<()>,
    published_memory: SharedMemory,
    receiver: Thread,
}

/// The publisher's end.
#[derive(Debug)]
pub struct Inbox {
    receiver: Receiver<Event>,
    published_memory: SharedMemory,
}

type SharedMemory = Arc<Mutex<Option<PublishedMemory>>>;

/// Why an [`Inbox`] returned no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvError {
    /// None came before the deadline.
    Timeout,
    /// None can come any more: every [`Outbox`] was dropped.
    Disconnected,
}

/// Makes a channel whose events the thread `receiver` receives.
#[must_use]
pub fn channel(receiver: Thread) -> (Outbox, Inbox) {
    let (sender, inbox) = bounded(CAPACITY);
    let published_memory = SharedMemory::default();
    let senders = Senders {
        sender: Some(sender),
        waiting: inbox.clone(),
        send_lock: Mutex::new(()),
        published_memory: published_memory.clone(),
        receiver,
    };
    (Outbox(Arc::new(senders)), Inbox { receiver: inbox, published_memory })
}

impl Outbox {
    /// Sends an event. Never blocks: a full channel keeps only the newest event of each kind. Without a
    /// receiver the event is lost; the agent is about to end then.
    pub fn send(&self, event: Event) {
        let senders = &self.0;
        let Some(sender) = &senders.sender else { return };
        let locked = senders.send_lock.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(TrySendError::Full(event)) = sender.try_send(event) {
            let waiting: Vec<Event> = senders.waiting.try_iter().chain([event]).collect();
            for event in newest_of_each_kind(waiting) {
                let _ = sender.try_send(event);
            }
        }
        drop(locked);
        senders.receiver.unpark();
    }

    /// Sends a memory sample, unless the publisher would write nothing for it. After a sample was sent, all
    /// later ones are sent until the publisher has published: one that is back at the published figures must
    /// replace the one between.
    pub fn send_if_news(&self, sample: Memory) {
        let is_news =
            |published: &mut PublishedMemory| published.is_outdated_by(&sample, Instant::now());
        let mut published = self.0.published_memory.lock().unwrap_or_else(PoisonError::into_inner);
        if published.is_none() || published.take_if(is_news).is_some() {
            drop(published);
            self.send(Event::Memory(sample));
        }
    }
}

fn newest_of_each_kind(events: Vec<Event>) -> Vec<Event> {
    let mut newest: Vec<Event> = Vec::new();
    for event in events {
        newest.retain(|known| discriminant(known) != discriminant(&event));
        newest.push(event);
    }
    newest
}

impl Drop for Senders {
    fn drop(&mut self) {
        self.sender = None;
        self.receiver.unpark();
    }
}

impl Inbox {
    /// Waits for the next event, until `deadline` if there is one. Call this on the thread that the channel
    /// was made for.
    ///
    /// # Errors
    /// [`RecvError`] says whether an event may come later.
    pub fn receive(&self, deadline: Option<Instant>) -> Result<Event, RecvError> {
        loop {
            match self.receiver.try_recv() {
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

    /// The events in the channel.
    pub fn waiting(&self) -> impl Iterator<Item = Event> {
        self.receiver.try_iter()
    }

    /// Sets the figures with which [`Outbox::send_if_news`] compares; `None` makes it send every sample.
    pub fn set_published_memory(&self, published: Option<PublishedMemory>) {
        *self.published_memory.lock().unwrap_or_else(PoisonError::into_inner) = published;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Network;

    fn sample(total: u64) -> Memory {
        Memory { total, available: 0, balloon: false }
    }

    fn memory(total: u64) -> Event {
        Event::Memory(sample(total))
    }

    #[test]
    fn full_channel_blocks_no_sender_and_keeps_the_newest_event_of_each_kind() {
        let (outbox, inbox) = channel(thread::current());
        outbox.send(Event::ReadBack);
        outbox.send(Event::Network(Network::default()));
        (0..=1_000).for_each(|total| outbox.send(memory(total)));
        drop(outbox);
        let newest = newest_of_each_kind(inbox.waiting().collect());
        let network = Event::Network(Network::default());
        assert_eq!(newest, [Event::ReadBack, network, memory(1_000)]);
        assert_eq!(inbox.receive(None), Err(RecvError::Disconnected));
    }

    #[test]
    fn events_of_one_sender_stay_in_order() {
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
    fn receive_returns_disconnected_after_the_last_event() {
        let (outbox, inbox) = channel(thread::current());
        let sender = thread::spawn(move || outbox.send(Event::ReadBack));
        assert_eq!(inbox.receive(None), Ok(Event::ReadBack));
        assert_eq!(inbox.receive(None), Err(RecvError::Disconnected));
        sender.join().unwrap();
    }

    #[test]
    fn receive_after_its_deadline_returns_a_waiting_event_first() {
        let (outbox, inbox) = channel(thread::current());
        (0..2).for_each(|total| outbox.send(memory(total)));
        assert_eq!(inbox.receive(Some(Instant::now())), Ok(memory(0)));
        assert_eq!(inbox.waiting().count(), 1);
        assert_eq!(inbox.receive(Some(Instant::now())), Err(RecvError::Timeout));
    }

    #[test]
    fn sample_near_the_published_one_is_not_sent() {
        let (outbox, inbox) = channel(thread::current());
        outbox.send_if_news(sample(10_000));
        assert_eq!(inbox.waiting().count(), 1);
        inbox.set_published_memory(Some(PublishedMemory { memory: sample(10_000), due: None }));
        outbox.send_if_news(sample(11_023));
        assert_eq!(inbox.waiting().count(), 0);
        outbox.send_if_news(sample(11_024));
        assert_eq!(inbox.waiting().next(), Some(memory(11_024)));
        inbox.set_published_memory(None);
        outbox.send_if_news(sample(10_000));
        assert_eq!(inbox.waiting().count(), 1);
    }

    #[test]
    fn sample_after_one_that_is_not_published_yet_is_sent() {
        let (outbox, inbox) = channel(thread::current());
        inbox.set_published_memory(Some(PublishedMemory { memory: sample(10_000), due: None }));
        outbox.send_if_news(sample(20_000));
        outbox.send_if_news(sample(10_000));
        assert_eq!(inbox.waiting().last(), Some(memory(10_000)));
    }
}
