//! Single sequences of states and failures, and the requests that each causes.

use xenstore_rs::Xs as _;

use super::*;
use crate::keys::DOORBELL;

const RUNG: &str = "write attr/PVAddons/BuildVersion 0";

fn named(name: &str) -> GuestState {
    let os = facts::Os { pretty_name: name.into(), ..facts::Os::default() };
    GuestState { os: Some(os), ..GuestState::default() }
}

/// A volume of two nodes: its directory and its name.
fn with_volumes(numbers: std::ops::Range<u32>) -> GuestState {
    let volume = |n| Volume { name: format!("/dev/xvd{n}"), ..Volume::default() };
    GuestState { disks: Some(Disks { volumes: numbers.map(volume).collect() }), ..state(vec![]) }
}

/// The connection is lost before the doorbell, or the agent is killed: the next batch writes it.
#[test]
fn batch_that_was_cut_before_its_doorbell_is_announced_by_the_next() {
    for is_restarted in [false, true] {
        let mut fixture = StoreFixture::new();
        fixture.publish(&named("Debian 12")).unwrap();
        fixture.fake.see().faults = vec![Some(Fault::Lost), None];
        assert!(fixture.publish(&named("Debian 13")).is_err());
        match is_restarted {
            true => fixture = fixture.restart(),
            false => {
                fixture.session.connect(Box::new(fixture.fake.clone()));
                fixture.session.read_back().unwrap();
            }
        }
        let requests = fixture.requests(&named("Debian 13"));
        assert_eq!(requests[0], RUNG, "{requests:?}");
        assert!(requests[1..].iter().all(|it| it.starts_with("write data/updated ")));
        assert_eq!(requests.len(), if is_restarted { 1 } else { 2 }, "{requests:?}");
    }
}

/// A batch whose last key is watched announces itself.
#[test]
fn first_batch_after_a_read_back_writes_the_doorbell_unless_it_ends_with_a_watched_key() {
    let mut fixture = StoreFixture::new();
    fixture.publish(&named("Debian 12")).unwrap();
    let mut fixture = fixture.restart();
    let mut plugged = state(vec![vec![]]);
    plugged.os = named("Debian 13").os;
    let requests = fixture.requests(&plugged);
    assert!(requests.iter().any(|it| it == "write data/os_name Debian 13"), "{requests:?}");
    assert!(!requests.iter().any(|it| it == RUNG), "{requests:?}");
    fixture.fake.rm("attr/vif/0").unwrap();
    let mut fixture = fixture.restart();
    let requests = fixture.requests(&plugged);
    assert!(requests[0].starts_with("write attr/vif/0/") && requests.len() > 2, "{requests:?}");
    assert!(!requests.iter().any(|it| it == RUNG), "{requests:?}");
}

/// Hosts do not watch volumes, neither the denied one nor those that are removed for it.
#[test]
fn new_os_name_in_the_batch_that_reaches_the_quota_writes_the_doorbell() {
    let guest =
        |name: &str, volumes: u32| GuestState { os: named(name).os, ..with_volumes(0..volumes) };
    let mut fixture = StoreFixture::new();
    fixture.publish(&guest("Debian 12", 100)).unwrap();
    let owned = count_nodes(fixture.session.published());
    fixture.fake.see().room = Some(owned);
    let requests = fixture.requests(&guest("Debian 13", 101));
    assert_eq!(fixture.fake.see().refused, 1);
    let name = requests.iter().position(|it| it == "write data/os_name Debian 13").unwrap();
    let removals = requests.iter().filter(|it| it.starts_with("rm data/volumes/")).count();
    assert_eq!((removals, requests.len()), (32, 35), "{requests:?}");
    assert!(requests[33] == RUNG && requests[34].starts_with("write data/updated ") && name < 33);
}

/// Below `attr/eth0` there are keys of other programs: while one of them cannot be read, none is removed.
#[test]
fn read_that_fails_removes_no_key_of_others() {
    for requests in 0..40 {
        let mut fixture = StoreFixture::new();
        fixture.fake.write("attr/eth0/ip", "192.0.2.1").unwrap();
        fixture.fake.write("attr/eth0/other/key", "1").unwrap();
        fixture.fake.see().faults = vec![Some(Fault::Refused("EAGAIN"))];
        fixture.fake.see().faults.extend(vec![None; requests]);
        fixture.session.read_back().unwrap();
        fixture.fake.see().faults.clear();
        fixture.publish(&state(vec![])).unwrap();
        let keys = fixture.fake.see().keys();
        assert_eq!(keys.get("attr/eth0/other/key"), Some("1"), "request {requests}: {keys:?}");
        fixture.session.read_back().unwrap();
        fixture.publish(&state(vec![])).unwrap();
        assert_eq!(fixture.fake.see().keys().get("attr/eth0/ip"), None);
    }
}

/// One node that cannot be read causes no more reads, and only its own subtree is not changed.
#[test]
fn unreadable_node_is_read_again_on_request_only() {
    let mut fixture = StoreFixture::new();
    fixture.publish(&state(vec![vec![address(1, 0)]])).unwrap();
    let mut fixture = StoreFixture {
        session: Session::new(Schema::Std, Box::new(fixture.fake.clone())),
        ..fixture
    };
    fixture.fake.see().unreadable = Some("attr/vif/0/ipv4/0");
    fixture.session.read_back().unwrap();
    let moved = state(vec![vec![address(2, 0)], vec![address(3, 0)]]);
    let requests = fixture.requests(&moved);
    assert!(requests.iter().any(|it| it.ends_with("192.0.2.3")), "{requests:?}");
    assert_eq!(fixture.fake.see().keys().get("attr/vif/0/ipv4/0"), Some("192.0.2.1"));
    let reads = fixture.fake.see().reads;
    assert!(fixture.requests(&moved).is_empty() && fixture.fake.see().reads == reads);
    fixture.fake.see().unreadable = None;
    fixture.session.read_back().unwrap();
    assert!(fixture.publish(&moved).unwrap());
    fixture.check(&moved);
}

/// A reload and other events without a sample do not write it.
#[test]
fn old_time_of_the_last_batch_is_written_again_with_a_sample_only() {
    let mut fixture = StoreFixture::new();
    let state = state(vec![]);
    fixture.publish(&state).unwrap();
    fixture.fake.write(UPDATED, "2020-01-01T00:00:00Z").unwrap();
    let mut fixture = fixture.restart();
    assert_eq!(fixture.requests(&state), [RUNG]);
    fixture.session.publish(true).unwrap();
    let requests = fixture.fake.see().requests.clone();
    assert!(requests.len() == 1 && requests[0].starts_with("write data/updated "), "{requests:?}");
}

/// Each temporary address is a new path in schema `rfc`.
#[test]
fn denied_address_that_is_gone_is_not_counted() {
    let mut fixture = StoreFixture::new();
    fixture.session = Session::new(Schema::Rfc, Box::new(fixture.fake.clone()));
    fixture.publish(&state(vec![vec![]])).unwrap();
    for n in 0..50 {
        fixture.fake.see().faults = vec![Some(Fault::Refused("EACCES"))];
        fixture.publish(&state(vec![vec![address(n, 0)]])).unwrap();
        assert_eq!(fixture.session.denied_keys(), 1);
        fixture.fake.see().faults.clear();
        fixture.publish(&state(vec![vec![]])).unwrap();
        assert_eq!(fixture.session.denied_keys(), 0);
    }
    fixture.publish(&state(vec![])).unwrap();
    assert_eq!(fixture.session.denied_keys(), 0);
}

/// At a quota that leaves no node, keys are given back, but neither the version nor the time.
#[test]
fn core_stays_when_no_node_is_free() {
    let missing = [(DOORBELL, (4, true)), (UPDATED, (5, false))];
    for (is_removal_denied, (key, core)) in
        [false, true].into_iter().flat_map(|denied| missing.map(|missing| (denied, missing)))
    {
        let mut fixture = StoreFixture::new();
        let mut state = state(vec![(0..250).map(|host| address(host, 0)).collect()]);
        fixture.publish(&state).unwrap();
        fixture.fake.rm(key).unwrap();
        fixture.session.read_back().unwrap();
        fixture.fake.see().room = Some(0);
        fixture.fake.see().is_removal_denied = is_removal_denied;
        state.os = named("Debian 13").os;
        fixture.publish(&state).unwrap();
        let refused = fixture.fake.see().refused;
        assert!((2..=10).contains(&refused), "{refused} requests");
        let keys = fixture.fake.see().keys();
        let held = (keys.below("attr/PVAddons").count(), keys.get(UPDATED).is_some());
        assert_eq!(held, core, "without {key}");
    }
}

/// All trees of a few keys, also with a key above another.
#[test]
fn applied_difference_gives_the_wanted_tree() {
    let paths = [
        "attr/vif/0/ipv4/0",
        "attr/vif/0/ipv4/0/prefix",
        "attr/vif/0/name",
        "attr/vif/1/name",
        "attr/vif/1/mac/0",
    ];
    let tree = |bits: usize, value: &str| {
        let mut tree = Tree::default();
        for (_, path) in paths.iter().enumerate().filter(|(n, _)| bits >> n & 1 == 1) {
            tree.set(*path, value);
        }
        tree
    };
    for (from, to) in (0..32).flat_map(|from| (0..32).map(move |to| (from, to))) {
        // A key is removed with its subtree: no schema wants the prefix without the address.
        if from & 3 == 2 || to & 3 == 2 {
            continue;
        }
        let fake = FakeXenstore::default();
        let mut session = Session::new(Schema::Rfc, Box::new(fake.clone()));
        for wanted in [tree(from, "a"), tree(to, "b")] {
            session.wanted.set(Source::Network, wanted.clone());
            session.publish(false).unwrap();
            assert_eq!(fake.see().keys(), wanted, "from {from:b} to {to:b}");
            assert_eq!(session.published(), &wanted);
        }
    }
}

#[test]
fn withdraw_where_few_nodes_are_free_writes_uninstalled() {
    let mut fixture = StoreFixture::new();
    fixture.fake.write(UPDATED, "2026-01-01T00:00:00Z").unwrap();
    fixture.fake.see().room = Some(12);
    fixture.session = Session::new(Schema::Withdrawn, Box::new(fixture.fake.clone()));
    fixture.session.read_back().unwrap();
    assert!(fixture.publish(&GuestState::default()).unwrap());
    assert!(fixture.fake.see().keys().get("attr/PVAddonsUninstalled").is_some());
}

/// An agent without a limit has filled the store.
#[test]
fn start_at_a_full_store_keeps_at_most_700_nodes() {
    let fixture = StoreFixture::new();
    let earlier = Schema::Std.render(&with_volumes(0..450), &Tree::default());
    earlier.iter().for_each(|(path, value)| fixture.fake.write(path, value).unwrap());
    fixture.fake.write(UPDATED, "2026-01-01T00:00:00Z").unwrap();
    fixture.fake.see().room = Some(count_nodes(&earlier) + 10);
    let mut fixture = fixture.restart();
    fixture.publish(&state(vec![vec![]; 230])).unwrap();
    assert!(count_nodes(&fixture.fake.see().keys()) <= 700);
}

/// A start, a reload and a late watch read the keys back, and forget the quota.
#[test]
fn quota_that_is_reached_again_after_a_read_back_leaves_64_nodes_free() {
    let mut fixture = StoreFixture::new();
    fixture.fake.see().room = Some(300);
    assert!(!fixture.publish(&with_volumes(0..200)).unwrap());
    for _ in 0..3 {
        fixture = fixture.restart();
        assert!(!fixture.publish(&with_volumes(0..200)).unwrap());
        let owned = count_nodes(&fixture.fake.see().keys());
        assert!((180..=236).contains(&owned), "{owned}");
    }
}

/// The C xenstored says the same for a directory that is full of others' names.
#[test]
fn key_that_is_denied_again_below_the_lowered_limit_is_left_out_alone() {
    let mut fixture = StoreFixture::new();
    fixture.publish(&with_volumes(0..100)).unwrap();
    fixture.fake.see().full = Some("drivers");
    let driver =
        |name: &str| facts::Driver { vendor: "Linux", name: name.into(), version: "6".into() };
    let in_use = vec![driver("a"), driver("b"), driver("c")];
    let mut wanted = with_volumes(0..100);
    wanted.drivers = Some(facts::Drivers { in_use, vif: true, vbd: true });
    assert!(!fixture.publish(&wanted).unwrap());
    let keys = fixture.fake.see().keys();
    assert_eq!(keys.get("feature/hotplug/vif"), Some("1"));
    assert_eq!(fixture.fake.see().refused, 3 + 1);
    assert!(keys.below("data/volumes").count() >= 60, "{keys:?}");
    assert!(fixture.requests(&wanted).is_empty());
}
