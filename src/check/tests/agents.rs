//! `agent` and `others`.

use super::*;

#[test]
fn agent_and_its_service() {
    assert_says(&[
        (
            stopped,
            &[
                "warn  agent: no agent runs, and no service is installed for it; the store has what an agent published earlier in this boot",
            ],
        ),
        (
            |seen| {
                stopped(seen);
                publish(seen, "data/service/xen-guest-agent/boot-id", "a");
                seen.service = systemd(true, false);
            },
            &[
                "warn  agent: xen-guest-agent.service is enabled but does not run; the store has what an agent published in an earlier boot  # systemctl start xen-guest-agent",
            ],
        ),
        (
            |seen| {
                stopped(seen);
                seen.service = systemd(false, false);
            },
            &[
                "warn  agent: xen-guest-agent.service is not enabled and does not run; the store has what an agent published earlier in this boot  # systemctl enable --now xen-guest-agent",
            ],
        ),
        (
            |seen| {
                stopped(seen);
                seen.service =
                    ServiceUnit { is_installed: false, is_masked: true, ..systemd(false, false) };
            },
            &[
                "warn  agent: xen-guest-agent.service is masked; the store has what an agent published earlier in this boot  # systemctl unmask xen-guest-agent && systemctl enable --now xen-guest-agent",
            ],
        ),
        (
            |seen| {
                stopped(seen);
                seen.service = systemd(true, true);
            },
            &[
                "warn  agent: the service manager takes xen-guest-agent for active, but it does not run  # systemctl restart xen-guest-agent",
            ],
        ),
        (
            |seen| seen.service = systemd(true, false),
            &[
                "warn  agent: process 321 runs, but not as a service  # kill 321 && systemctl start xen-guest-agent",
            ],
        ),
        (
            |seen| seen.service = systemd(false, true),
            &[
                "warn  agent: process 321 runs, but will not be started at the next boot  # systemctl enable xen-guest-agent",
            ],
        ),
        (
            |seen| {
                seen.service = ServiceUnit { manager: Manager::OpenRc, ..systemd(false, true) };
            },
            &[
                "warn  agent: process 321 runs, but will not be started at the next boot  # rc-update add xen-guest-agent",
            ],
        ),
        (
            |seen| publish(seen, "data/service/xen-guest-agent/boot-id", "a"),
            &[
                "FAIL  agent: process 321 runs, but the store has the keys of an earlier boot  # kill -HUP 321",
            ],
        ),
        (
            |seen| publish(seen, "data/service/xen-guest-agent/version", "0.9.0"),
            &["warn  agent: version 0.9.0 has published, this is 1.0.0"],
        ),
        (
            |seen| {
                seen.has_other_options = true;
                lacks(seen, "data/os_name");
            },
            &[
                "warn  agent: process 321 runs with another --schema, --exclude-nics or --without than this check",
                "FAIL  facts: data/os_name is missing, should be \"Plan 9\"",
            ],
        ),
        (
            |seen| seen.unconfined.processes.as_mut().unwrap()[0].is_replaced = true,
            &["warn  agent: process 321 runs a program that was replaced since it started"],
        ),
    ]);
    let mut seen = guest();
    lacks_all(&mut seen);
    assert_eq!(said(&seen)[0], "FAIL  agent: process 321 runs and has published nothing");
    // Where processes are not seen.
    seen = guest();
    seen.unconfined.processes = None;
    assert_eq!(said(&seen), [""; 0]);
}

#[test]
fn other_agents_and_their_keys() {
    assert_says(&[
        (
            |seen| seen.unconfined.processes.as_mut().unwrap().push(process(400, AGENT)),
            &["FAIL  others: two agents run, process 321 and 400  # kill 400"],
        ),
        (
            |seen| seen.unconfined.processes.as_mut().unwrap().push(process(7, "xe-daemon")),
            &["FAIL  others: xe-daemon runs too, process 7: both write the same keys  # kill 7"],
        ),
        (
            |seen| {
                seen.unconfined.processes.as_mut().unwrap().push(process(7, "xe-daemon"));
                seen.unconfined.other_unit = Some("xe-daemon");
            },
            &[
                "FAIL  others: xe-daemon runs too, process 7: both write the same keys  # systemctl disable --now xe-daemon",
            ],
        ),
        (
            |seen| publish(seen, "attr/PVAddons/BuildVersion", "@NUMERIC_BUILD_NUMBER@"),
            &[
                "FAIL  others: attr/PVAddons/BuildVersion is \"@NUMERIC_BUILD_NUMBER@\", from xe-guest-utilities built without a version: XAPI sees no agent  # kill -HUP 321",
            ],
        ),
        (
            |seen| publish(seen, "attr/PVAddons/BuildVersion", "proto-0.5"),
            &[
                "FAIL  others: attr/PVAddons/BuildVersion is \"proto-0.5\", from the prototype of this agent: XAPI sees no agent  # kill -HUP 321",
            ],
        ),
        (
            |seen| publish(seen, "attr/eth0/ip", "192.0.2.9"),
            &[
                "FAIL  others: attr/eth0/ip is \"192.0.2.9\", left by an old agent: XAPI may show that address  # kill -HUP 321",
            ],
        ),
        (
            |seen| publish(seen, "data/updated", "Thu Nov 20 16:05:00 2026"),
            &[
                "warn  others: data/updated is \"Thu Nov 20 16:05:00 2026\", as only another agent writes it  # kill -HUP 321",
            ],
        ),
    ]);
}
