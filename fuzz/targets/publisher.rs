//! The publisher on a fake xenstore: arbitrary facts and faults, over several boots.
//!
//! The fake checks each request. After each boot without a fault the keys of each known source must be those of the
//! state; keys of other sources and of other programs must be unchanged.

#![no_main]

use facts::{Event, channel};
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use publishers::guest_state::{GuestState, Source};
use publishers::key_tree::Tree;
use publishers::keys::root_of;
use publishers::store::Store;
use publishers::{Outcome, Publisher, Schema};
use xen_guest_agent_fuzz::facts::{event, text};
use xen_guest_agent_fuzz::{FakeXenstore, Fault};

const UPDATED: &str = "data/updated";
const STARTED: &str = "data/service/xen-guest-agent/started";
/// The source of each kind of fact.
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
    // The input may end in the middle of a boot.
    let _ = run(&mut Unstructured::new(input));
});

fn run(u: &mut Unstructured) -> Result<()> {
    let xenstore = FakeXenstore::default();
    for _ in 0..u.int_in_range(0..=3)? {
        let node = [
            "drivers/0",
            "drivers/1",
            "attr/vif/0/ipv4/0",
            "attr/vif/0/ipv4/01",
            "data/volumes/0/name",
        ];
        xenstore.nodes().write_as_other(u.choose(&node)?, &text(u)?);
    }
    xenstore.nodes().remember_others();
    while !u.is_empty() {
        boot(u, &xenstore)?;
    }
    Ok(())
}

/// Runs an agent from its start to its end, on the keys that the last one left.
fn boot(u: &mut Unstructured, xenstore: &FakeXenstore) -> Result<()> {
    let schema = *u.choose(&[Schema::Std, Schema::StdEveryNic, Schema::Rfc])?;
    let (events, without) = facts_of(u)?;
    let faults = faults(u)?;
    let is_clean = faults.is_empty();
    let before = xenstore.nodes().keys();
    let run = |faults: Vec<Option<Fault>>| {
        (xenstore.nodes().faults, xenstore.nodes().unread) = (faults, false);
        let opened = xenstore.clone();
        let open = Box::new(move || Ok(Box::new(opened.clone()) as Box<dyn Store>));
        let publisher = Publisher::new(schema, open).unwrap().disabled(&without);
        let (outbox, inbox) = channel();
        events.iter().for_each(|event| outbox.send(event.clone()));
        drop(outbox);
        publisher.run(&inbox).unwrap()
    };
    let outcome = run(faults);
    assert!(!is_clean || outcome == Outcome::Synced);
    assert_eq!(run(Vec::new()), Outcome::Synced);
    xenstore.nodes().requests.clear();
    assert_eq!(run(Vec::new()), Outcome::Synced);
    let doorbell = schema.doorbell().map(|path| format!("write {path} 0"));
    assert_eq!(xenstore.nodes().requests, Vec::from_iter(doorbell), "published again");
    check_store(xenstore, schema, &events, &without, &before);
    Ok(())
}

/// The events, and the sources that are switched off. Other sources send no event.
fn facts_of(u: &mut Unstructured) -> Result<(Vec<Event>, Vec<Source>)> {
    let (mut events, mut without) = (Vec::new(), Vec::new());
    for (kind, source) in (0..).zip(SOURCES) {
        match u.int_in_range(0..=7)? {
            0 => without.push(source),
            1 => {}
            _ => events.push(event(u, kind)?),
        }
    }
    Ok((events, without))
}

fn faults(u: &mut Unstructured) -> Result<Vec<Option<Fault>>> {
    let mut faults = Vec::new();
    for _ in 0..u.int_in_range(0..=40)? {
        faults.push(match u.int_in_range(0..=9)? {
            0 => Some(Fault::Lost),
            1 => Some(Fault::Error(
                u.choose(&["ENOSPC", "EACCES", "EAGAIN", "E2BIG", "ENOENT", "X"])?,
            )),
            _ => None,
        });
    }
    Ok(faults)
}

fn check_store(
    xenstore: &FakeXenstore,
    schema: Schema,
    events: &[Event],
    without: &[Source],
    before: &Tree,
) {
    let mut state = GuestState { disabled: without.to_vec(), ..GuestState::default() };
    events.iter().for_each(|event| state.apply(event.clone()));
    let keys = xenstore.nodes().keys();
    let mut wanted = schema.render(&state, &keys);
    let is_known = |path: &str| root_of(path).is_none_or(|root| state.is_known(root.source));
    let kept = before.iter().filter(|(path, _)| !is_known(path));
    kept.for_each(|(path, value)| wanted.set_raw(path, value.clone()));
    if let (Some(updated), Some(_)) = (keys.get(UPDATED), schema.updated_key()) {
        wanted.set_raw(UPDATED, updated.to_owned());
    }
    // The state here has no clock; the publisher's has one.
    if let (Some(started), Some(_)) = (keys.get(STARTED), wanted.get(STARTED)) {
        wanted.set_raw(STARTED, started.to_owned());
    }
    assert_eq!(Vec::from_iter(keys.iter()), Vec::from_iter(wanted.iter()));
    xenstore.nodes().check_others();
}
