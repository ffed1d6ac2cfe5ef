//! Properties of publishing: whatever was published before and whatever failed in between, the keys end equal
//! to the state, and a change causes no other requests.

mod sequences;

use std::net::{IpAddr, Ipv4Addr};

use facts::{Address, AddressPreference, Disks, Link, Mac, Memory, Network, Volume};
use proptest::prelude::*;

use super::*;
use crate::keys::{UPDATED, key_of};
use crate::store::fake::{FakeXenstore, Fault};

/// A publisher without its thread: a session on a fake store.
struct StoreFixture {
    fake: FakeXenstore,
    session: Session,
}

impl StoreFixture {
    fn new() -> Self {
        let fake = FakeXenstore::default();
        let session = Session::new(Schema::Std, Box::new(fake.clone()));
        Self { fake, session }
    }

    /// Publishes a state as the publisher does; whether everything is published.
    fn publish(&mut self, state: &GuestState) -> io::Result<bool> {
        self.session.want_all(state);
        self.session.publish(false)?;
        Ok(self.session.is_complete())
    }

    /// Publishes with these faults, reading back after a lost connection; then without faults.
    fn publish_through(&mut self, state: &GuestState, faults: Vec<Option<Fault>>) {
        self.fake.see().faults = faults;
        for _ in 0..3 {
            if self.publish(state).is_err() {
                let _ = self.session.read_back();
            }
        }
        self.fake.see().faults.clear();
        self.session.read_back().unwrap();
        assert!(self.publish(state).unwrap());
    }

    /// The requests that publish `state`.
    fn requests(&mut self, state: &GuestState) -> Vec<String> {
        self.fake.see().requests.clear();
        self.publish(state).unwrap();
        self.fake.see().requests.drain(..).collect()
    }

    /// The same; nothing may be left to do afterwards.
    fn cost(&mut self, state: &GuestState) -> Vec<String> {
        let requests = self.requests(state);
        assert!(self.publish(state).unwrap());
        assert_eq!(self.fake.see().requests, [""; 0]);
        requests
    }

    /// A restarted agent: a new session on the same store.
    fn restart(self) -> Self {
        let mut session = Session::new(Schema::Std, Box::new(self.fake.clone()));
        session.read_back().unwrap();
        Self { session, ..self }
    }

    fn check(&self, state: &GuestState) {
        let mut wanted = self.session.schema.render(state, self.session.published());
        wanted.remove(UPDATED);
        let mut held = self.fake.see().keys();
        assert!(held.get(UPDATED).is_some());
        held.remove(UPDATED);
        assert_eq!(held, wanted);
    }

    /// The published addresses of vif 0 by index.
    fn addresses(&self) -> Vec<IpAddr> {
        let keys = self.fake.see().keys();
        let node = "attr/vif/0/ipv4";
        let mut indices: Vec<u32> =
            keys.below(node).filter_map(|(name, _)| name.parse().ok()).collect();
        indices.sort_unstable();
        let ip = |index: &u32| keys.get(&format!("{node}/{index}")).unwrap().parse().unwrap();
        indices.iter().map(ip).collect()
    }
}

fn address(host: u8, preference: u8) -> Address {
    let preference = AddressPreference {
        scope: preference & 2,
        deprecated: preference & 1 != 0,
        ..AddressPreference::default()
    };
    Address { ip: Ipv4Addr::new(192, 0, 2, host).into(), prefix: 24 + host % 4, preference }
}

fn state(vifs: Vec<Vec<Address>>) -> GuestState {
    let link = |(index, addresses): (usize, Vec<Address>)| Link {
        index: index as u32 + 2,
        name: format!("eth{index}"),
        mac: Some(Mac([0, 0x16, 0x3e, 0, 0, index as u8])),
        vif: Some(index as u32),
        perm_mac: None,
        addresses,
        upper_addresses: vec![],
    };
    let volumes = vifs.get(1).map_or(0, |addresses| addresses.len() as u64 / 2);
    let links = vifs.into_iter().enumerate().map(link).collect();
    let memory = Some(Memory { total: 1000, available: 500, balloon: true });
    let volume = |n: u64| Volume {
        name: format!("/dev/xvd{n}"),
        size: Some(n),
        mount_points: vec![format!("/{n}")],
        ..Volume::default()
    };
    // As many as there are addresses, so that all of them may be removed.
    let disks = Some(Disks { volumes: (0..volumes).map(volume).collect() });
    GuestState {
        network: Some(Network { links, lacks_vif: false }),
        memory,
        disks,
        ..GuestState::default()
    }
}

fn addresses() -> impl Strategy<Value = Vec<Address>> {
    let some = proptest::collection::btree_map(0..12_u8, 0..4_u8, 0..8);
    some.prop_map(|all| {
        all.into_iter().map(|(host, preference)| address(host, preference)).collect::<Vec<_>>()
    })
    .prop_shuffle()
}

fn states() -> impl Strategy<Value = Vec<GuestState>> {
    let one = proptest::collection::vec(addresses(), 0..3).prop_map(state);
    proptest::collection::vec(one, 1..6)
}

fn faults() -> impl Strategy<Value = Vec<Option<Fault>>> {
    let fault = prop_oneof![
        Just(Fault::Lost),
        Just(Fault::Refused("EAGAIN")),
        Just(Fault::Refused("ENOSPC"))
    ];
    proptest::collection::vec(proptest::option::weighted(0.3, fault), 0..40)
}

/// Checks that the best preference is first, and that each address is there once.
fn check_first(shown: &[IpAddr], wanted: &[Address]) {
    let preference = |ip: &IpAddr| wanted.iter().find(|a| a.ip == *ip).map(|a| a.preference);
    assert_eq!(shown.first().and_then(preference), wanted.iter().map(|a| a.preference).min());
    assert_eq!(shown.len(), wanted.len());
    assert!(wanted.iter().all(|address| shown.contains(&address.ip)));
}

proptest! {
    #[test]
    fn store_equals_the_state_after_any_failures(states in states(), faults in faults()) {
        let mut fixture = StoreFixture::new();
        for state in &states {
            fixture.publish_through(state, faults.clone());
            fixture.check(state);
        }
    }

    #[test]
    fn preferred_address_has_the_lowest_index(lists in proptest::collection::vec(addresses(), 1..8)) {
        let mut fixture = StoreFixture::new();
        for list in lists {
            fixture.publish(&state(vec![list.clone()])).unwrap();
            check_first(&fixture.addresses(), &list);
        }
    }

    #[test]
    fn added_address_causes_three_requests(list in addresses(), rest in addresses()) {
        let mut fixture = StoreFixture::new();
        fixture.publish(&state(vec![list.clone(), rest.clone()])).unwrap();
        let worst = address(99, 3);
        let more = [list, vec![worst]].concat();
        let cost = fixture.cost(&state(vec![more, rest]));
        prop_assert_eq!(cost.len(), 3, "{:?}", cost);
        prop_assert!(cost[0].starts_with("write attr/vif/0/ipv4/") && cost[0].ends_with(" 192.0.2.99"));
        prop_assert!(cost[1].starts_with("write attr/vif/0/ipv4/") && cost[1].contains("/prefix 27"));
        prop_assert!(cost[2].starts_with("write data/updated"));
    }

    #[test]
    fn removed_address_causes_two_requests(mut list in addresses(), at in any::<prop::sample::Index>()) {
        let mut fixture = StoreFixture::new();
        fixture.publish(&state(vec![list.clone(), vec![]])).unwrap();
        prop_assume!(!list.is_empty());
        let removed = list.remove(at.index(list.len()));
        // If the first is removed and another is better than the next, that one moves too.
        let best = list.iter().map(|a| a.preference).min();
        let next = fixture.addresses().into_iter().find(|ip| *ip != removed.ip);
        prop_assume!(next.is_none_or(|ip| list.iter().any(|a| a.ip == ip && Some(a.preference) == best)));
        let cost = fixture.cost(&state(vec![list, vec![]]));
        prop_assert_eq!(cost.len(), 2, "{:?}", cost);
        prop_assert!(cost[0].starts_with("rm attr/vif/0/ipv4"));
    }

    #[test]
    fn unchanged_state_causes_the_doorbell_only_after_a_restart(states in states()) {
        let mut fixture = StoreFixture::new();
        for state in &states {
            fixture.publish(state).unwrap();
            fixture = fixture.restart();
            prop_assert_eq!(fixture.cost(state), ["write attr/PVAddons/BuildVersion 0"]);
        }
    }

    /// At most 700 nodes; at the quota 64 nodes are free.
    #[test]
    fn full_store_holds_the_important_keys_and_64_nodes_stay_free(
        list in addresses(), more in addresses(), room in 0..170_usize
    ) {
        let mut fixture = StoreFixture::new();
        let state = state(vec![list, more]);
        fixture.fake.see().room = Some(room);
        let is_complete = fixture.publish(&state).unwrap();
        let held = fixture.fake.see().keys();
        let mut wanted = Schema::Std.render(&state, fixture.session.published());
        wanted.set(UPDATED, "");
        prop_assert!(held.iter().all(|(path, _)| wanted.get(path).is_some()), "{:?}", held);
        let missing: Vec<_> = wanted.iter().filter(|(path, _)| held.get(path).is_none()).collect();
        prop_assert_eq!(is_complete, missing.is_empty());
        let rank = |path: &str| key_of(path).unwrap().priority;
        if let Some(most) = missing.iter().map(|(path, _)| rank(path)).min() {
            let used = count_nodes(&held);
            prop_assert!(used <= room.saturating_sub(64).max(7), "{} of {}", used, room);
            let lesser = held.iter().filter(|(path, _)| rank(path) > most).count();
            prop_assert!(lesser == 0 || room < 10, "{:?} {:?}", most, held);
            // Nothing more is requested.
            fixture.fake.see().refused = 0;
            prop_assert!(fixture.requests(&state).is_empty());
            prop_assert_eq!(fixture.fake.see().refused, 0);
        }
        fixture.fake.see().room = None;
        fixture.session.read_back().unwrap();
        prop_assert!(fixture.publish(&state).unwrap());
        fixture.check(&state);
    }
}
