//! kill -9 at any instant: the next start repairs the store with the fewest writes. A hundred random
//! instants: while it starts, in a flood, in the middle of a batch.

use super::super::harness::{Agent, FIRST_TREE, Guest, Nodes, of_this_machine};
use super::{EARLIER, Random};
use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// Some addresses come, some go, of fifty.
fn events(random: &mut Random, times: u64) -> String {
    let event = |random: &mut Random| {
        let what = ["add", "add", "del"][random.below(3) as usize];
        format!("addr {what} 10.0.0.{}/32 dev eth0\n", random.below(50))
    };
    (0..times).map(|_| event(random)).collect()
}

/// ip(8) at work, while something else happens.
fn ip_meanwhile(guest: &Guest, lines: String) -> Child {
    let mut command = guest.world_command("ip");
    command.args(["-force", "-batch", "-"]).stdin(Stdio::piped());
    let mut ip = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut input = ip.stdin.take().unwrap();
    std::thread::spawn(move || input.write_all(lines.as_bytes()));
    ip
}

/// Ends the agent at once, and waits for what it had asked for last.
fn kill(guest: &Guest, agent: Agent) {
    drop(agent);
    guest.settle();
}

/// The keys: a node that is empty and holds others is none.
fn keys(guest: &Guest) -> Nodes {
    let mut nodes = guest.keys();
    let paths: Vec<String> = nodes.keys().cloned().collect();
    let holds = |path: &str| paths.iter().any(|other| other.starts_with(&format!("{path}/")));
    nodes.retain(|path, value| !value.is_empty() || !holds(path));
    nodes
}

/// The fewest requests that make the one tree of the other: a write for each key that differs, a removal
/// for each highest node below which nothing is left.
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

/// Starts the agent where another was killed, and again: what the first writes is what was wrong, and the
/// second finds nothing. Tells how much that was.
fn repair(guest: &Guest) -> usize {
    let (before, mark) = (keys(guest), guest.mark());
    assert_eq!(guest.run(&["-s", "--once"]).code, Some(0));
    let (after, mut changes) = (keys(guest), guest.changes_since(mark));
    let fewest = fewest(&before, &after);
    if !fewest.is_empty() || !before.contains_key("data/updated") {
        assert_eq!(changes.pop().as_deref(), Some("write data/updated"));
    }
    // Where nothing changed that hosts watch, a key of theirs is the doorbell.
    if fewest.iter().all(|change| change.split(' ').nth(1).unwrap().starts_with("data/os_")) {
        changes.retain(|change| change != "write attr/PVAddons/BuildVersion = 0");
    }
    assert_eq!(changes.len(), fewest.len(), "{changes:#?} {before:#?}");
    assert_eq!(changes.into_iter().collect::<BTreeSet<_>>(), fewest, "{before:#?}");
    let mark = guest.mark();
    assert_eq!(guest.run(&["-s", "--once"]).code, Some(0));
    assert_eq!(guest.changes_since(mark), [""; 0]);
    is_right(guest);
    fewest.len()
}

/// The tree is that of a fresh guest, and has each address that the kernel has, once.
fn is_right(guest: &Guest) {
    let addresses =
        guest.world_command("ip").args(["-4", "-o", "addr", "show", "dev", "eth0"]).output();
    let text = String::from_utf8(addresses.unwrap().stdout).unwrap();
    let mut kernels: Vec<String> = text
        .lines()
        .map(|line| line.split_whitespace().nth(3).unwrap().split('/').next().unwrap().into())
        .collect();
    let mut told = guest.values("attr/vif/0/ipv4");
    kernels.sort();
    told.sort();
    assert_eq!(told, kernels);
    let others = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.contains("ipv4"));
        lines.map(str::to_owned).collect()
    };
    let tree: Vec<String> = guest.tree().iter().map(|(k, v)| format!("{k} = {v}")).collect();
    assert_eq!(others(&tree.join("\n")), others(&of_this_machine(FIRST_TREE)));
}

/// Lets `live` start an agent and do something with it, and kills that after a random time, so often.
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
    assert!(repairs.iter().any(|requests| *requests > 0), "it was never killed in time");
}

// 40 instants from the start of the process to the end of its first batch.
#[test]
fn kill_9_during_start_is_repaired_with_the_fewest_requests() {
    killed(40, Duration::from_millis(30), |guest, random| {
        guest.recreate_tree();
        EARLIER.iter().for_each(|(key, value)| guest.write_as_guest(key, value));
        guest.ip_where_possible(events(random, 10));
        (guest.agent(&[]), None)
    });
}

// 30 instants while ip(8) adds and removes 3,000 addresses.
#[test]
fn kill_9_during_3000_events_is_repaired_with_the_fewest_requests() {
    killed(30, Duration::from_millis(60), |guest, random| {
        let agent = guest.agent(&[]);
        agent.wait_logged("started");
        (agent, Some(ip_meanwhile(guest, events(random, 3_000))))
    });
}

// 30 instants of a batch in which a whole range of addresses comes or goes.
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
