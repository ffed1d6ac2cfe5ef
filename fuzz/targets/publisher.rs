//! The publisher on a store in memory: any facts, in any order, over any faults, several boots long.
//!
//! The store checks each request as xenstored and the hosts would; after each boot without a fault it
//! must show the state, and nothing of others' may be gone.

#![no_main]

use std::thread;

use facts::{Event, channel};
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use publishers::guest_state::{GuestState, Source};
use publishers::store::Store;
use publishers::{Outcome, Publisher, Schema};
use xen_guest_agent_fuzz::facts::{event, text};
use xen_guest_agent_fuzz::{Fault, Memory};

const UPDATED: &str = "data/updated";
const STARTED: &str = "data/service/xen-guest-agent/started";
/// Who tells each kind of fact.
const SOURCES: [Source; 7] = [
    Source::Network,
    Source::Memory,
    Source::Os,
    Source::Sriov,
    Source::Drivers,
    Source::Service,
    Source::Disks,
];

fuzz_target!(|input: &[u8]| {
    // What ends in the middle of a boot has been checked as far as it goes.
    let _ = run(&mut Unstructured::new(input));
});

fn run(u: &mut Unstructured) -> Result<()> {
    let memory = Memory::default();
    for _ in 0..u.int_in_range(0..=3)? {
        let node = [
            "drivers/0",
            "drivers/1",
            "attr/vif/0/ipv4/0",
            "attr/vif/0/ipv4/01",
            "data/volumes/0/name",
        ];
        memory.see().leave(u.choose(&node)?, &text(u)?);
    }
    memory.see().protect();
    while !u.is_empty() {
        boot(u, &memory)?;
    }
    Ok(())
}

/// An agent from its start to its end, on the store as the last one left it.
fn boot(u: &mut Unstructured, memory: &Memory) -> Result<()> {
    let schema = *u.choose(&[Schema::Std, Schema::StdEveryNic, Schema::Rfc])?;
    let (told, without) = facts_of(u)?;
    let faults = faults(u)?;
    let is_clean = faults.is_empty();
    let run = |faults: Vec<Option<Fault>>| {
        (memory.see().faults, memory.see().unread) = (faults, false);
        let opened = memory.clone();
        let open = Box::new(move || Ok(Box::new(opened.clone()) as Box<dyn Store>));
        let publisher = Publisher::new(schema, open).unwrap().without(&without);
        let (outbox, inbox) = channel(thread::current());
        told.iter().for_each(|event| outbox.send(event.clone()));
        drop(outbox);
        publisher.run(&inbox).unwrap()
    };
    let outcome = run(faults);
    assert!(!is_clean || outcome == Outcome::Synced);
    assert_eq!(run(Vec::new()), Outcome::Synced);
    memory.see().requests.clear();
    assert_eq!(run(Vec::new()), Outcome::Synced);
    assert_eq!(memory.see().requests, [] as [String; 0], "published again");
    check_store(memory, schema, &told, &without);
    Ok(())
}

/// What is told, and the sources that are switched off; the others are silent.
fn facts_of(u: &mut Unstructured) -> Result<(Vec<Event>, Vec<Source>)> {
    let (mut told, mut without) = (Vec::new(), Vec::new());
    for (kind, source) in (0..).zip(SOURCES) {
        match u.int_in_range(0..=7)? {
            0 => without.push(source),
            1 => {}
            _ => told.push(event(u, kind)?),
        }
    }
    Ok((told, without))
}

fn faults(u: &mut Unstructured) -> Result<Vec<Option<Fault>>> {
    let mut faults = Vec::new();
    for _ in 0..u.int_in_range(0..=40)? {
        faults.push(match u.int_in_range(0..=9)? {
            0 => Some(Fault::Lost),
            1 => Some(Fault::Refused(
                u.choose(&["ENOSPC", "EACCES", "EAGAIN", "E2BIG", "ENOENT", "X"])?,
            )),
            _ => None,
        });
    }
    Ok(faults)
}

fn check_store(memory: &Memory, schema: Schema, told: &[Event], without: &[Source]) {
    let mut state = GuestState { without: without.to_vec(), ..GuestState::default() };
    told.iter().for_each(|event| state.apply(event.clone()));
    let keys = memory.see().keys();
    let mut wanted = schema.render(&state, &keys);
    if let (Some(updated), Some(_)) = (keys.get(UPDATED), schema.updated_key()) {
        wanted.set_raw(UPDATED, updated.to_owned());
    }
    // The state here has no clock, the publisher's has.
    if let (Some(started), Some(_)) = (keys.get(STARTED), wanted.get(STARTED)) {
        wanted.set_raw(STARTED, started.to_owned());
    }
    assert_eq!(keys, wanted);
    memory.see().check_others();
}
