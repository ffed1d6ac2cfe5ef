//! Single sequences of states and failures, and the requests that each causes.

use xenstore_rs::Xs as _;

use super::*;

/// If the connection is lost before the doorbell, it is written with the next batch.
#[test]
fn doorbell_is_written_after_a_connection_that_was_lost_before_it() {
    let mut fixture = StoreFixture::new();
    let named = |name: &str| GuestState {
        os: Some(facts::Os { pretty_name: name.into(), ..facts::Os::default() }),
        ..GuestState::default()
    };
    fixture.publish(&named("Debian 12")).unwrap();
    fixture.fake.see().faults = vec![Some(Fault::Lost), None];
    assert!(fixture.publish(&named("Debian 13")).is_err());
    fixture.session.read_back().unwrap();
    let requests = fixture.requests(&named("Debian 13"));
    assert_eq!(requests[0], "write attr/PVAddons/BuildVersion 0");
    assert!(requests[1].starts_with("write data/updated ") && requests.len() == 2, "{requests:?}");
}

/// Hosts do not watch volumes, neither the denied one nor those that are removed for it.
#[test]
fn new_os_name_in_the_batch_that_reaches_the_quota_writes_the_doorbell() {
    let guest = |name: &str, volumes: u32| GuestState {
        os: Some(facts::Os { pretty_name: name.into(), ..facts::Os::default() }),
        disks: Some(Disks { volumes: (0..volumes).map(named_volume).collect() }),
        ..state(vec![])
    };
    let mut fixture = StoreFixture::new();
    fixture.publish(&guest("Debian 12", 100)).unwrap();
    let owned = count_nodes(&[fixture.session.published()]);
    fixture.fake.see().room = Some(owned);
    let requests = fixture.requests(&guest("Debian 13", 101));
    // The volume, and the tries to create a node in two other directories.
    assert_eq!(fixture.fake.see().refused, 3);
    let (removals, last) = requests[1..].split_at(requests.len() - 3);
    assert_eq!(requests[0], "write data/os_name Debian 13");
    assert!(removals.len() == 32 && removals.iter().all(|it| it.starts_with("rm data/volumes/")));
    assert_eq!(last[0], "write attr/PVAddons/BuildVersion 0");
    assert!(last[1].starts_with("write data/updated "));
}

/// A volume of two nodes: its directory and its name.
fn named_volume(n: u32) -> Volume {
    Volume { name: format!("/dev/xvd{n}"), ..Volume::default() }
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

/// A reload and other events without a sample do not write it.
#[test]
fn old_time_of_the_last_batch_is_written_again_with_a_sample_only() {
    let mut fixture = StoreFixture::new();
    let state = state(vec![]);
    fixture.publish(&state).unwrap();
    fixture.fake.write(UPDATED, "2020-01-01T00:00:00Z").unwrap();
    fixture.session.read_back().unwrap();
    assert_eq!(fixture.requests(&state), [""; 0]);
    let wanted = Schema::Std.render(&state, fixture.session.published());
    fixture.session.publish(&wanted, Schema::Std, true).unwrap();
    let requests = fixture.fake.see().requests.clone();
    assert!(requests.len() == 1 && requests[0].starts_with("write data/updated "), "{requests:?}");
}

/// Each temporary address is a new path in schema `rfc`.
#[test]
fn removed_denied_addresses_are_forgotten() {
    let mut fixture = StoreFixture::new();
    for n in 0..50 {
        let mut wanted = Tree::default();
        wanted.set(format!("data/net/2/ipv6/{n}"), "");
        fixture.fake.see().faults = vec![Some(Fault::Refused("EACCES"))];
        fixture.session.publish(&wanted, Schema::Rfc, false).unwrap();
        assert_eq!(fixture.session.denials.len(), (1, 1));
    }
    fixture.session.publish(&Tree::default(), Schema::Rfc, false).unwrap();
    assert_eq!(fixture.session.denials.len(), (0, 0));
}

/// An agent that is killed between the two requests of a try leaves 65 nodes. Hosts do not read them, so
/// the doorbell and the timestamp are not written.
#[test]
fn nodes_of_a_try_that_was_cut_short_are_removed_by_one_request() {
    for probe in crate::schema::QUOTA_PROBES {
        let mut fixture = StoreFixture::new();
        let state = state(vec![]);
        fixture.publish(&state).unwrap();
        fixture.fake.write(&(probe.to_owned() + &"/n".repeat(64)), "").unwrap();
        fixture.session.read_back().unwrap();
        assert_eq!(fixture.requests(&state), [format!("rm {probe}")]);
        assert!(!fixture.fake.see().keys().has_subtree(probe));
    }
}

/// Other programs take each node that becomes free, or the host denies removals, and one key of the core is
/// missing. Each of some 18 rounds has one write that is denied, and two tries elsewhere.
#[test]
fn quota_that_stays_reached_causes_few_requests_and_the_core_stays() {
    let missing = [("attr/PVAddons/BuildVersion", (4, true)), (UPDATED, (5, false))];
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
        state.os = Some(facts::Os { pretty_name: "Debian 13".into(), ..facts::Os::default() });
        fixture.publish(&state).unwrap();
        let refused = fixture.fake.see().refused;
        assert!((3..=60).contains(&refused), "{refused} requests");
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
        "data/domain",
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
        let mut session = Session::new(Box::new(fake.clone()));
        for wanted in [tree(from, "a"), tree(to, "b")] {
            session.publish(&wanted, Schema::Rfc, false).unwrap();
            assert_eq!(fake.see().keys(), wanted, "from {from:b} to {to:b}");
            assert_eq!(session.published(), &wanted);
        }
    }
}

impl StoreFixture {
    /// A restarted agent: a new session on the same store.
    fn restart(self) -> Self {
        let mut session = Session::new(Box::new(self.fake.clone()));
        session.read_back().unwrap();
        Self { session, ..self }
    }
}

fn with_volumes(numbers: std::ops::Range<u32>) -> GuestState {
    let volumes = numbers.map(named_volume).collect();
    GuestState { disks: Some(Disks { volumes }), ..state(vec![]) }
}

#[test]
fn withdraw_where_few_nodes_are_free_writes_uninstalled() {
    let fixture = StoreFixture::new();
    fixture.fake.write(UPDATED, "2026-01-01T00:00:00Z").unwrap();
    fixture.fake.see().room = Some(12);
    let mut fixture = fixture.restart();
    let wanted = Schema::Withdrawn.render(&GuestState::default(), fixture.session.published());
    let batch = fixture.session.publish(&wanted, Schema::Withdrawn, false).unwrap();
    assert_eq!(batch.outcome, Outcome::Synced);
    assert!(fixture.fake.see().keys().get("attr/PVAddonsUninstalled").is_some());
}

/// An agent without a limit has filled the store.
#[test]
fn start_at_a_full_store_keeps_at_most_700_nodes() {
    let fixture = StoreFixture::new();
    let earlier = Schema::Std.render(&with_volumes(0..450), &Tree::default());
    earlier.iter().for_each(|(path, value)| fixture.fake.write(path, value).unwrap());
    fixture.fake.write(UPDATED, "2026-01-01T00:00:00Z").unwrap();
    fixture.fake.see().room = Some(count_nodes(&[&earlier]) + 10);
    let mut fixture = fixture.restart();
    fixture.publish(&state(vec![vec![]; 230])).unwrap();
    assert!(count_nodes(&[&fixture.fake.see().keys()]) <= 700);
}

/// oxenstored leaves a part of the chain if the agent is killed before it removes it.
#[test]
fn try_of_the_quota_that_was_killed_takes_no_reserve() {
    let mut fixture = StoreFixture::new();
    fixture.fake.see().room = Some(300);
    fixture.publish(&with_volumes(0..200)).unwrap();
    let before = count_nodes(&[&fixture.fake.see().keys()]);
    fixture.fake.write(&("other".to_owned() + &"/n".repeat(20)), "").unwrap();
    fixture.fake.write("error/xen-guest-agent-probe/n/n/n/n/n/n/n", "").unwrap();
    let mut fixture = fixture.restart();
    fixture.publish(&with_volumes(0..200)).unwrap();
    assert!(count_nodes(&[&fixture.fake.see().keys()]) <= before);
}

#[test]
fn try_of_the_quota_that_fails_for_another_reason_leaves_out_no_key() {
    let mut fixture = StoreFixture::new();
    fixture.publish(&with_volumes(0..1)).unwrap();
    let mut fixture = fixture.restart();
    fixture.fake.see().faults = vec![Some(Fault::Refused("EAGAIN")); 4];
    assert_eq!(fixture.publish(&with_volumes(0..100)).unwrap(), Outcome::Synced);
    fixture.check(&with_volumes(0..100));
}
