//! kill -9 at a hundred random times: during the start, a flood of events and a batch. The next start must
//! correct the keys with the fewest requests.

use super::super::harness::{Agent, DOORBELL, FIRST_TREE, Guest, Nodes, of_this_machine};
use super::{EARLIER, Random};
use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// Adds and removes of fifty addresses at random.
fn events(random: &mut Random, times: u64) -> String {
    let event = |random: &mut Random| {
        let what = ["add", "add", "del"][random.below(3) as usize];
        format!("addr {what} 10.0.0.{}/32 dev eth0\n", random.below(50))
    };
    (0..times).map(|_| event(random)).collect()
}

/// Starts ip(8) and does not wait for it.
fn ip_meanwhile(guest: &Guest, lines: String) -> Child {
    let mut command = guest.world_command("ip");
    command.args(["-force", "-batch", "-"]).stdin(Stdio::piped());
    let mut ip = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut input = ip.stdin.take().unwrap();
    std::thread::spawn(move || input.write_all(lines.as_bytes()));
    ip
}

/// Kills the agent and waits until xenstored has handled its last request.
fn kill(guest: &Guest, agent: Agent) {
    drop(agent);
    guest.settle();
}

/// The keys of the guest. An empty node with children is left out.
fn keys(guest: &Guest) -> Nodes {
    let mut nodes = guest.keys();
    let paths: Vec<String> = nodes.keys().cloned().collect();
    let has_children =
        |path: &str| paths.iter().any(|other| other.starts_with(&format!("{path}/")));
    nodes.retain(|path, value| !value.is_empty() || !has_children(path));
    nodes
}

/// The fewest requests that change one tree into the other: a write for each key that differs, and a removal
/// of the highest node of each stale subtree.
fn fewest(before: &Nodes, after: &Nodes) -> BTreeSet<String> {
    let is_left =
        |node: &str| after.keys().any(|key| key == node || key.starts_with(&format!("{node}/")));
    let stale = before.keys().filter(|key| !after.contains_key(*key)).map(|key| {
        let ends = key.match_indices('/').map(|(at, _)| at).skip(1).chain([key.len()]);
        format!(
            "rm {}",
            ends.map_while(|end| Some(&key[..end])).find(|node| !is_left(node)).unwrap_or(key)
        )
    });
    let written = after.iter().filter(|(key, value)| before.get(*key) != Some(value));
    let written = written.filter(|(key, _)| *key != "data/updated");
    stale.chain(written.map(|(key, value)| format!("write {key} = {value}"))).collect()
}

/// Starts the agent twice after a kill. Checks that the first corrects the keys with the fewest requests and
/// that the second writes the doorbell only. Returns the number of requests.
fn repair(guest: &Guest) -> usize {
    let (before, mark) = (keys(guest), guest.mark());
    assert_eq!(guest.run(&["-s", "--once"]).code, Some(0));
    let (after, mut changes) = (keys(guest), guest.changes_since(mark));
    let fewest = fewest(&before, &after);
    if !fewest.is_empty() || !before.contains_key("data/updated") {
        assert_eq!(changes.pop().as_deref(), Some("write data/updated"));
    }
    // If the last changed key is not watched by a toolstack, the doorbell is written too.
    if !fewest.contains(DOORBELL) {
        changes.retain(|change| change != DOORBELL);
    }
    assert_eq!(changes.len(), fewest.len(), "{changes:#?} {before:#?}");
    assert_eq!(changes.into_iter().collect::<BTreeSet<_>>(), fewest, "{before:#?}");
    guest.assert_restart_is_quiet(&[]);
    assert_right(guest);
    fewest.len()
}

/// Checks that the tree is that of a new guest and has each of the kernel's addresses once.
fn assert_right(guest: &Guest) {
    let addresses =
        guest.world_command("ip").args(["-4", "-o", "addr", "show", "dev", "eth0"]).output();
    let text = String::from_utf8(addresses.unwrap().stdout).unwrap();
    let mut kernels: Vec<String> = text
        .lines()
        .map(|line| line.split_whitespace().nth(3).unwrap().split('/').next().unwrap().into())
        .collect();
    let mut published = guest.values("attr/vif/0/ipv4");
    kernels.sort();
    published.sort();
    assert_eq!(published, kernels);
    let others = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.contains("ipv4"));
        lines.map(str::to_owned).collect()
    };
    let tree: Vec<String> = guest.tree().iter().map(|(k, v)| format!("{k} = {v}")).collect();
    assert_eq!(others(&tree.join("\n")), others(&of_this_machine(FIRST_TREE)));
}

/// Repeats so many times: `live` starts an agent, which is killed after a random time.
fn killed(
    times: u64,
    within: Duration,
    live: impl Fn(&Guest, &mut Random) -> (Agent, Option<Child>),
) {
    let guest = Guest::new();
    let mut random = Random(times);
    let mut repairs = Vec::new();
    for _ in 0..times {
        let (agent, ip) = live(&guest, &mut random);
        sleep(Duration::from_micros(random.below(within.as_micros() as u64)));
        kill(&guest, agent);
        ip.into_iter().for_each(|mut ip| drop(ip.wait()));
        repairs.push(repair(&guest));
    }
    println!("killed {times} times; requests that each repair took: {repairs:?}");
    assert!(repairs.iter().any(|requests| *requests > 0), "each kill came too late");
}

// 40 times between the start of the process and the end of its first batch.
#[test]
fn kill_9_during_start_is_repaired_with_the_fewest_requests() {
    killed(40, Duration::from_millis(30), |guest, random| {
        guest.recreate_tree();
        EARLIER.iter().for_each(|(key, value)| guest.write_as_guest(key, value));
        guest.ip_where_possible(events(random, 10));
        (guest.agent(&[]), None)
    });
}

// 30 times while ip(8) adds and removes 3,000 addresses.
#[test]
fn kill_9_during_3000_events_is_repaired_with_the_fewest_requests() {
    killed(30, Duration::from_millis(60), |guest, random| {
        let agent = guest.agent(&[]);
        agent.wait_logged("started");
        (agent, Some(ip_meanwhile(guest, events(random, 3_000))))
    });
}

// 30 times in a batch that adds or removes 150 addresses.
#[test]
fn kill_9_during_a_batch_is_repaired_with_the_fewest_requests() {
    killed(30, Duration::from_millis(40), |guest, random| {
        let agent = guest.agent(&[]);
        agent.wait_logged("started");
        agent.signal("STOP");
        let what = ["add", "del"][random.below(2) as usize];
        let range = (100..250).map(|n| format!("addr {what} 10.1.0.{n}/32 dev eth0\n"));
        guest.ip_where_possible(range.collect::<String>());
        agent.signal("CONT");
        (agent, None)
    });
}
