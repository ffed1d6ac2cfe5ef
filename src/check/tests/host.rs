//! `guest`, `namespace`, `store`, `confinement` and `drivers`.

use super::*;

#[test]
fn guest_namespace_and_store() {
    assert_says(&[
        (
            |seen| seen.guest = Err(NotAGuest::NotXen("kvm".into())),
            &["skip  guest: not a guest of Xen, nothing to do"],
        ),
        (
            |seen| seen.guest = Err(NotAGuest::Dom0("control_d")),
            &["skip  guest: dom0, which has no host: nothing to do"],
        ),
        (
            |seen| seen.guest = Err(NotAGuest::NoXenstoreYet("no uuid")),
            &["warn  guest: dom0 has given this guest no xenstore yet (no uuid)"],
        ),
        (
            |seen| seen.unconfined.namespaces.has_own_network = Some(true),
            &[
                "FAIL  namespace: not the system's network: run it outside of the container, or with the host's network",
            ],
        ),
        (
            |seen| {
                let (kind, id, is_driven) = ("vif".into(), 1, true);
                seen.devices.push(XenDevice { kind, id, is_driven });
            },
            &[
                "FAIL  namespace: vif 1 is in another network namespace: its addresses cannot be seen here",
            ],
        ),
        (
            |seen| seen.unconfined.namespaces.has_own_root = Some(true),
            &[
                "FAIL  namespace: not the system's files: /etc/os-release and mounts are a container's",
            ],
        ),
        (
            |seen| seen.unconfined.namespaces.has_own_processes = Some(true),
            &[
                "warn  namespace: a container: /etc/os-release and mounts may be its own, other agents are not seen",
            ],
        ),
        (
            |seen| seen.store_mut().watch = Err("E2BIG".into()),
            &[
                "warn  store: /dev/xen/xenbus answers in 0.1 ms, but takes no watch (E2BIG): a restore or a migration is noticed within a minute",
            ],
        ),
    ]);
}

#[test]
fn store_that_is_not_there_or_does_not_answer() {
    let skipped = [
        "skip  nic/enX0: vif 0 has 192.0.2.2/24, the store is not known",
        "skip  facts: the store is not known",
    ];
    for (store, line) in [
        (
            NoStore::Missing(Device::Hidden),
            "FAIL  store: the kernel has /dev/xen/xenbus, /dev does not: a container without the device?",
        ),
        (
            NoStore::Missing(Device::Xenfs),
            "FAIL  store: /dev/xen/xenbus is not there  # mount -t xenfs xenfs /proc/xen",
        ),
        (
            NoStore::Missing(Device::Unloaded),
            "FAIL  store: /dev/xen/xenbus is not there  # modprobe -a xen_evtchn xenfs && mount -t xenfs xenfs /proc/xen",
        ),
        (NoStore::Missing(Device::Nothing), "FAIL  store: /dev/xen/xenbus is not there"),
        (
            NoStore::Denied("/run/xenstored/socket".into()),
            "FAIL  store: /run/xenstored/socket cannot be opened: permission denied",
        ),
        (
            NoStore::Silent("/dev/xen/xenbus".into(), Duration::from_secs(5)),
            "FAIL  store: /dev/xen/xenbus does not answer within 5 s: the host's xenstored hangs",
        ),
        (
            NoStore::Silent("/dev/xen/xenbus".into(), Duration::from_secs(2)),
            "FAIL  store: /dev/xen/xenbus does not answer within 2 s",
        ),
        (NoStore::Failed("EIO".into()), "FAIL  store: EIO"),
    ] {
        let mut seen = guest();
        seen.store = Err(store);
        assert_eq!(said(&seen), [&[line][..], &skipped].concat());
    }
    let mut seen = guest();
    seen.unconfined.is_root = false;
    seen.store = Err(NoStore::Denied("/dev/xen/xenbus".into()));
    let line = "FAIL  store: /dev/xen/xenbus cannot be opened: permission denied  # sudo xen-guest-agent --check";
    assert_eq!(said(&seen)[0], line);
}

#[test]
fn confinement_and_drivers() {
    assert_says(&[
        (
            |seen| seen.missing_confinement = Some(vec!["Landlock (not in this kernel)".into()]),
            &["skip  confinement: without Landlock (not in this kernel)"],
        ),
        (
            |seen| seen.missing_confinement = None,
            &["skip  confinement: switched off by --no-sandbox"],
        ),
        (
            |seen| {
                let (kind, id, is_driven) = ("vbd".into(), 51712, false);
                seen.devices.push(XenDevice { kind, id, is_driven });
            },
            &["FAIL  drivers: vbd 51712 has no driver  # modprobe xen-blkfront"],
        ),
        // Linux leaves a CD drive without a driver: QEMU emulates it.
        (
            |seen| {
                let (kind, id, is_driven) = ("vbd".into(), 5696, false);
                seen.devices.push(XenDevice { kind, id, is_driven });
                seen.store_mut().cd_drives.insert(5696);
            },
            &[],
        ),
        (
            |seen| seen.state.memory.as_mut().unwrap().balloon = false,
            &["warn  drivers: no balloon driver: the host cannot change the memory of this guest"],
        ),
        (
            |seen| seen.state.drivers = Some(Drivers::default()),
            &["warn  drivers: none of Xen's drivers is in use"],
        ),
    ]);
}
