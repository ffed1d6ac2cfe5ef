//! `nic`, `facts` and `host`.

use super::*;

#[test]
fn nics_and_their_addresses() {
    assert_says(&[
        (
            |seen| lacks(seen, "attr/vif/0/ipv4/0"),
            &["FAIL  nic/enX0: vif 0 has 192.0.2.2/24, the store has nothing  # kill -HUP 321"],
        ),
        (
            |seen| {
                publish(seen, "attr/vif/0/ipv4/0", "192.0.2.9");
                let change = Change::Write("attr/vif/0/ipv4/0".into(), "192.0.2.2".into());
                seen.store_mut().comparison.changes.push(change);
            },
            &["FAIL  nic/enX0: vif 0 has 192.0.2.2/24, the store has 192.0.2.9  # kill -HUP 321"],
        ),
        (
            |seen| lacks(seen, "attr/vif/0/name"),
            &[
                "FAIL  nic/enX0: vif 0 has 192.0.2.2/24, the store has another attr/vif/0/name  # kill -HUP 321",
            ],
        ),
        (no_address, &["warn  nic/enX0: vif 0 has no address"]),
        (
            |seen| seen.state.network.as_mut().unwrap().links[0].addresses.clear(),
            &["FAIL  nic/enX0: vif 0 has no address, the store has 192.0.2.2  # kill -HUP 321"],
        ),
        (
            |seen| {
                no_address(seen);
                nic_of(seen).is_up = false;
            },
            &["warn  nic/enX0: vif 0 is down  # ip link set enX0 up"],
        ),
        (
            |seen| {
                no_address(seen);
                nic_of(seen).is_up = false;
                nic_of(seen).name = "e\u{fffd}h".into();
            },
            &["warn  nic/e\u{fffd}h: vif 0 is down"],
        ),
        (
            |seen| {
                no_address(seen);
                nic_of(seen).tentative = vec!["2001:db8::1".parse().unwrap()];
            },
            &["warn  nic/enX0: vif 0 has no address yet; 2001:db8::1 is tentative"],
        ),
        (
            |seen| nic_of(seen).failed = vec!["2001:db8::1".parse().unwrap()],
            &[
                "warn  nic/enX0: vif 0 has 192.0.2.2/24; 2001:db8::1 failed duplicate detection: another machine has it",
            ],
        ),
        (|seen| nic_of(seen).is_excluded = true, &["skip  nic/enX0: left out by --exclude-nics"]),
        (
            |seen| {
                let driver = Some("e1000".into());
                seen.nics.as_mut().unwrap().push(Nic { driver, ..nic("eth9", None) });
            },
            &["skip  nic/eth9: an emulated NIC (e1000): hosts never show its addresses"],
        ),
        (
            |seen| {
                let driver = Some("ixgbe".into());
                seen.nics.as_mut().unwrap().push(Nic { driver, ..nic("eth9", None) });
            },
            &[
                "skip  nic/eth9: a device of its own, not a vif (ixgbe): hosts never show its addresses",
            ],
        ),
        (
            |seen| {
                let mac = "02:00:00:00:00:01".parse().unwrap();
                seen.state.functions = Some(vec![SriovVf { id: 3, mac }]);
                let perm_mac = Some(mac);
                seen.nics.as_mut().unwrap().push(Nic { perm_mac, index: 9, ..nic("eth1", None) });
            },
            &["warn  nic/eth1: SR-IOV function 3 has no address"],
        ),
        (
            |seen| {
                lacks(seen, "attr/vif/0/ipv4/0");
                seen.store_mut().denied.insert("attr/vif/0/ipv4/0".into());
            },
            &[
                "skip  nic/enX0: vif 0 has 192.0.2.2/24, which the host does not let the guest write",
                "FAIL  host: does not let the guest write attr/vif/0/ipv4/0",
            ],
        ),
        (
            |seen| {
                seen.state.network = None;
                seen.disabled = vec![Source::Network, Source::Sriov];
                seen.nics
                    .as_mut()
                    .unwrap()
                    .push(Nic { driver: Some("ixgbevf".into()), ..nic("eth9", None) });
            },
            &[
                "skip  nic/enX0: vif 0: left out by --without net",
                "skip  nic/eth9: not a vif (ixgbevf); SR-IOV functions: left out by --without sriov",
            ],
        ),
        (
            |seen| {
                seen.state.network = None;
                seen.late_collectors = vec!["net"];
            },
            &[
                "skip  nic/enX0: vif 0: not collected within 5 s",
                "FAIL  facts: not collected within 5 s: net",
            ],
        ),
        (
            |seen| {
                seen.state.network = None;
                seen.late_collectors = vec!["net", "os"];
                seen.start_error = Some("EMFILE".into());
            },
            &[
                "skip  nic/enX0: vif 0: not collected (cannot be started: EMFILE)",
                "FAIL  facts: not collected (cannot be started: EMFILE): net, os",
            ],
        ),
        (|seen| seen.nics = Err("EPERM".into()), &["FAIL  nic: cannot be read: EPERM"]),
    ]);
}

#[test]
fn facts_and_what_the_host_refuses() {
    assert_says(&[
        (
            |seen| lacks(seen, "data/os_name"),
            &["FAIL  facts: data/os_name is missing, should be \"Plan 9\"  # kill -HUP 321"],
        ),
        (
            |seen| {
                let change = Change::Write("data/os_name".into(), "Inferno".into());
                seen.store_mut().comparison.changes.push(change);
            },
            &["FAIL  facts: data/os_name is \"Plan 9\", should be \"Inferno\"  # kill -HUP 321"],
        ),
        (
            |seen| {
                let change = Change::Remove("attr/vif/7".into());
                seen.store_mut().comparison.changes.push(change);
            },
            &["FAIL  facts: attr/vif/7 should not be there  # kill -HUP 321"],
        ),
        (
            |seen| {
                ["data/a", "data/b", "data/c", "data/d"].iter().for_each(|path| lacks(seen, path))
            },
            &[
                "FAIL  facts: data/a is missing, should be \"1\"; data/b is missing, should be \"1\"; data/c is missing, should be \"1\"; and 1 more key  # kill -HUP 321",
            ],
        ),
        (
            |seen| seen.late_collectors = vec!["disks"],
            &["FAIL  facts: not collected within 5 s: disks"],
        ),
        (
            |seen| {
                let unreadable = &mut seen.store_mut().comparison.unreadable;
                unreadable.insert("data/os_name".into(), "EIO".into());
            },
            &["FAIL  facts: data/os_name cannot be read (EIO)"],
        ),
        (
            |seen| {
                lacks(seen, "data/os_name");
                seen.store_mut().denied.insert("data/os_name".into());
            },
            &["FAIL  host: does not let the guest write data/os_name"],
        ),
        (
            |seen| {
                lacks(seen, "data/volumes/9/name");
                seen.store_mut().owned = Some(1_000);
            },
            &[
                "FAIL  facts: data/volumes/9/name is missing, should be \"1\"",
                "warn  host: the guest owns 1000 nodes in xenstore, and hosts allow 1000: keys are left out",
            ],
        ),
        (
            |seen| drop(seen.store_mut().keys.insert("data/cant_suspend_reason", "no PV".into())),
            &["warn  host: will not suspend or migrate the guest: no PV"],
        ),
        (
            |seen| publish(seen, "data/updated", "2026-01-01T00:00:00Z"),
            &["warn  host: has heard nothing of the agent for 333 days"],
        ),
    ]);
    // libxl keeps `control` to itself: no warning.
    let mut seen = guest();
    lacks(&mut seen, "control/feature-balloon");
    seen.store_mut().denied.insert("control/feature-balloon".into());
    assert_eq!(said(&seen), [""; 0]);
}

#[test]
fn address_that_is_not_link_local_ends_the_wait_in_each_schema() {
    let mut seen = guest();
    assert!(nic::has_address(&seen));
    no_address(&mut seen);
    publish(&mut seen, "attr/vif/0/ipv6/0", "fe80::1");
    publish(&mut seen, "attr/vif/0/ipv4/0", "169.254.1.1");
    assert!(!nic::has_address(&seen));
    publish(&mut seen, "data/net/2/ipv6/fe80__1", "");
    assert!(!nic::has_address(&seen));
    publish(&mut seen, "data/net/2/ipv6/2001_db8__1", "");
    assert!(nic::has_address(&seen));
}

#[test]
fn keys_of_the_agent_itself_that_are_lost_or_overwritten() {
    assert_says(&[
        (
            |seen| lacks(seen, "attr/PVAddons/MajorVersion"),
            &[
                "FAIL  facts: attr/PVAddons/MajorVersion is missing, should be \"1\"  # kill -HUP 321",
            ],
        ),
        (
            |seen| {
                publish(seen, "attr/PVAddons/MinorVersion", "20");
                let change = Change::Write("attr/PVAddons/MinorVersion".into(), "0".into());
                seen.store_mut().comparison.changes.push(change);
            },
            &[
                "FAIL  facts: attr/PVAddons/MinorVersion is \"20\", should be \"0\"  # kill -HUP 321",
            ],
        ),
        (
            |seen| {
                let change = Change::Remove("attr/PVAddonsUninstalled".into());
                seen.store_mut().comparison.changes.push(change);
            },
            &["FAIL  facts: attr/PVAddonsUninstalled should not be there  # kill -HUP 321"],
        ),
    ]);
}

#[test]
fn function_of_a_store_that_is_not_known_is_not_told_to_be_hidden_from_hosts() {
    let mut seen = guest();
    let perm_mac = Some("02:00:00:00:00:01".parse().unwrap());
    let driver = Some("ixgbevf".into());
    seen.nics = Ok(vec![Nic { perm_mac, driver, ..nic("eth1", None) }]);
    seen.store = Err(NoStore::Failed("EIO".into()));
    let line = "skip  nic/eth1: not a vif (ixgbevf), the store is not known";
    assert_eq!(said(&seen)[1], line);
}

#[test]
fn reason_against_a_suspend_does_not_hide_a_key_that_is_refused() {
    assert_says(&[(
        |seen| {
            let store = seen.store_mut();
            store.keys.insert("data/cant_suspend_reason", "a GPU".into());
            store.denied.insert("data/os_name".into());
        },
        &["FAIL  host: does not let the guest write data/os_name"],
    )]);
}
