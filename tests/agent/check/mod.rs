//! `--check` on the real components: a world in which one thing is broken, and the lines and the JSON that say so.
//! Here are what all of them need, and what holds for every world.

mod agents;
mod guests;
mod nics;
mod store;
mod wait;

use super::harness::{Agent, Daemon, Finished, Guest, Layout};

/// Has `/sys` show Xen's version.
fn show_xen_version(guest: &Guest) {
    guest.file("/sys/hypervisor/version/major", "4\n");
    guest.file("/sys/hypervisor/version/minor", "17\n");
}

fn system() -> Guest {
    let guest = Guest::new();
    show_xen_version(&guest);
    guest
}

/// Runs `--check`, with what differs from run to run replaced.
fn check(guest: &Guest, agent: Option<&Agent>, arguments: &[&str]) -> Finished {
    settled(guest, agent, guest.run(&[&["--check"], arguments].concat()))
}

/// Replaces what differs from run to run, and leaves out what this machine's kernel lacks.
fn settled(guest: &Guest, agent: Option<&Agent>, mut end: Finished) -> Finished {
    if let Some(agent) = agent {
        end.stdout = end.stdout.replace(&agent.pid().to_string(), "PID");
    }
    end.stdout = end.stdout.replace(&guest.socket().display().to_string(), "SOCKET");
    let is_confinement = |line: &&str| {
        line.contains("  confinement: ") || line.starts_with("  {\"id\": \"confinement\"")
    };
    let lines = end.stdout.lines().filter(|line| !is_confinement(line) && !line.contains(" ok, "));
    end.stdout = lines
        .map(|line| between(line, " answers in ", " ms", |ms| ms.parse::<f64>().is_ok(), "N"))
        .map(|line| between(&line, "; the last change was ", " ago", |_| true, "N s") + "\n")
        .collect::<String>()
        // After the last check, where the confinement was the last.
        .replace("},\n]}", "}\n]}");
    end
}

/// Replaces what stands between two words.
fn between(line: &str, before: &str, after: &str, is: impl Fn(&str) -> bool, by: &str) -> String {
    let parts = line.split_once(before).and_then(|(start, rest)| {
        let (middle, end) = rest.split_once(after)?;
        is(middle).then(|| format!("{start}{before}{by}{after}{end}"))
    });
    parts.unwrap_or_else(|| line.into())
}

/// The exit code and all lines but those that say ok. The JSON must say the same.
fn said(guest: &Guest, agent: Option<&Agent>, arguments: &[&str]) -> (Option<i32>, String) {
    said_by(guest, agent, arguments, |arguments| guest.run(arguments))
}

/// The same of a program that is started in another way.
fn said_by(
    guest: &Guest,
    agent: Option<&Agent>,
    arguments: &[&str],
    run: impl Fn(&[&str]) -> Finished,
) -> (Option<i32>, String) {
    let [text, json] = [&["--check"][..], &["--check", "--json"]]
        .map(|words| settled(guest, agent, run(&[words, arguments].concat())));
    assert_eq!((text.stderr.as_str(), json.stderr.as_str()), ("", ""));
    assert_eq!((json.code, json.stdout), (text.code, json_of(&text.stdout)));
    let lines = text.stdout.lines().filter(|line| !line.starts_with("ok "));
    (text.code, lines.map(|line| format!("{line}\n")).collect())
}

/// The JSON that says the same as these lines.
fn json_of(lines: &str) -> String {
    let string = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let check = |line: &str| {
        let (result, rest) = line.split_at(6);
        let (id, rest) = rest.split_once(": ").unwrap();
        let (says, fix) = rest.split_once("  ").unwrap_or((rest, ""));
        let fix = Some(fix.trim_start()).filter(|fix| !fix.is_empty());
        format!(
            "  {{\"id\": {}, \"result\": {}, \"message\": {}, \"fix\": {}}}",
            string(id),
            string(&result.trim_end().to_lowercase()),
            string(says),
            fix.map_or("null".into(), string)
        )
    };
    let checks: Vec<String> = lines.lines().map(check).collect();
    format!("{{\"schema\": 1, \"checks\": [\n{}\n]}}\n", checks.join(",\n"))
}

/// The line of one check.
fn line_of(guest: &Guest, agent: Option<&Agent>, id: &str) -> String {
    let end = check(guest, agent, &[]);
    let id = format!(" {id}: ");
    end.stdout.lines().filter(|line| line.contains(&id)).collect::<Vec<_>>().join("\n")
}

const HEALTHY: &str = "\
ok    guest: a guest of Xen 4.17, domain 1, on an XAPI host
ok    namespace: network, mounts and /etc/os-release are the system's own
ok    store: SOCKET answers in N ms
ok    agent: version 1.0.0 runs as process PID
ok    others: no other agent runs or has left keys
ok    nic/eth0: vif 0 has 192.0.2.10/24, and so has the store
ok    facts: 13 keys in the store, none differs
ok    host: takes all keys; the last change was N s ago
ok    drivers: xen-balloon, xen-netfront
";

#[test]
fn healthy_guest_gives_no_warning_on_each_host() {
    for layout in [Layout::Xapi, Layout::Xl] {
        for daemon in [Daemon::C, Daemon::OCaml] {
            let guest = Guest::on(layout, daemon);
            show_xen_version(&guest);
            let agent = guest.published(&[]);
            let end = check(&guest, Some(&agent), &[]);
            let expected = match layout {
                Layout::Xapi => HEALTHY.to_owned(),
                Layout::Xl => HEALTHY
                    .replace(
                        "on an XAPI host",
                        "on a libxl host: nothing there reads the keys but xenstore-ls and xen-guests",
                    )
                    .replace("13 keys", "12 keys")
                    .replace("all keys;", "all keys but control/feature-balloon, as libxl does;"),
            };
            assert_eq!((end.code, end.stdout, end.stderr), (Some(0), expected, String::new()));
        }
    }
}

#[test]
fn check_writes_nothing() {
    let guest = system();
    let agent = guest.published(&[]);
    guest.ip("addr add 198.51.100.1/32 dev eth0");
    guest.wait(|tree| tree.values().any(|value| value == "198.51.100.1"));
    agent.signal("STOP");
    guest.ip("addr add 198.51.100.2/32 dev eth0");
    guest.write_as_guest("attr/eth0/ip", "192.0.2.9");
    let mark = guest.mark();
    assert_eq!(check(&guest, None, &[]).code, Some(1));
    drop(agent);
    guest.settle();
    assert_eq!(guest.changes_since(mark), [""; 0]);
}

#[test]
fn machine_without_xen_gets_one_line_at_once() {
    let guest = Guest::new();
    guest.file("/sys/hypervisor/type", "kvm\n");
    let end = guest.run(&["--check"]);
    let line = "skip  guest: not a guest of Xen, nothing to do\n";
    assert_eq!((end.code, end.stdout.as_str(), end.stderr.as_str()), (Some(0), line, ""));
    let end = guest.run(&["--check", "--wait", "600", "--json"]);
    let json = "{\"schema\": 1, \"checks\": [\n  {\"id\": \"guest\", \"result\": \"skip\", \
                \"message\": \"not a guest of Xen, nothing to do\", \"fix\": null}\n]}\n";
    assert_eq!((end.code, end.stdout.as_str()), (Some(0), json));
}

#[test]
fn wrong_usage_exits_2_and_says_nothing_on_standard_output() {
    let guest = Guest::new();
    for words in [
        &["--quiet"][..],
        &["--json"],
        &["--wait", "1"],
        &["--check", "--once"],
        &["--check", "--withdraw"],
        &["--check", "--publisher", "stdout"],
        &["--check", "--wait", "soon"],
        &["--check", "--wait"],
    ] {
        let end = guest.run(words);
        assert_eq!((end.code, end.stdout.as_str()), (Some(2), ""), "{words:?}: {end:?}");
    }
}
