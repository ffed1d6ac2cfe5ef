//! Arbitrary facts, within the guarantees of their types.

use std::collections::BTreeSet;
use std::net::IpAddr;

use facts::{
    Address, AddressPreference, Disks, Driver, Drivers, Event, Link, Mac, Memory, Network, Os,
    Service, SriovVf, Volume,
};
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use publishers::key_tree::sanitize;

/// A fact of one of seven kinds.
///
/// # Errors
/// When the input is at its end.
pub fn event(u: &mut Unstructured, kind: u8) -> Result<Event> {
    Ok(match kind {
        0 => Event::Network(Network { links: links(u)?, lacks_vif: u.arbitrary()? }),
        1 => Event::Memory(Memory {
            total: u.arbitrary()?,
            available: u.arbitrary()?,
            balloon: u.arbitrary()?,
        }),
        2 => Event::Os(os(u)?),
        3 => Event::SriovVfs(some(u, |u| Ok(SriovVf { id: small(u)?, mac: mac(u)? }))?),
        4 => Event::Drivers(drivers(u)?),
        5 => Event::Service(service(u)?),
        _ => Event::Disks(Disks { volumes: distinct(some(u, volume)?) }),
    })
}

/// A short or a long text.
///
/// # Errors
/// When the input is at its end.
pub fn text(u: &mut Unstructured) -> Result<String> {
    let text = short(u)?;
    Ok(if u.ratio(1, 32)? { text.repeat(700) } else { text })
}

fn short(u: &mut Unstructured) -> Result<String> {
    let length = u.int_in_range(0..=12)?;
    Ok(String::from_utf8_lossy(u.bytes(length)?).into_owned())
}

fn some<T>(u: &mut Unstructured, one: impl Fn(&mut Unstructured) -> Result<T>) -> Result<Vec<T>> {
    (0..u.int_in_range(0..=5)?).map(|_| one(u)).collect()
}

fn maybe<T>(
    u: &mut Unstructured,
    one: impl Fn(&mut Unstructured) -> Result<T>,
) -> Result<Option<T>> {
    if u.arbitrary()? { one(u).map(Some) } else { Ok(None) }
}

/// Mostly one of four numbers, so that equal ones are frequent.
fn small(u: &mut Unstructured) -> Result<u32> {
    if u.ratio(1, 16)? { u.arbitrary() } else { u.int_in_range(0..=3) }
}

fn mac(u: &mut Unstructured) -> Result<Mac> {
    Ok(Mac([0, 0x16, 0x3e, 0, 0, u.int_in_range(0..=3)?]))
}

fn address(u: &mut Unstructured) -> Result<Address> {
    let host = u.int_in_range(0..=5)?;
    let ip = match u.int_in_range(0..=3)? {
        0 => IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, host]),
        1 => IpAddr::from([0, 0, 0, 0, 0, 0xffff, 0xc000, host]),
        _ => IpAddr::from([192, 0, 2, host as u8]),
    };
    let preference = AddressPreference {
        scope: u.int_in_range(0..=1)?,
        deprecated: u.arbitrary()?,
        on_upper_device: u.arbitrary()?,
        secondary: u.arbitrary()?,
        not_default_source: u.arbitrary()?,
    };
    Ok(Address { ip, prefix: u.int_in_range(0..=32)?, preference })
}

fn links(u: &mut Unstructured) -> Result<Vec<Link>> {
    some(u, |u| {
        Ok(Link {
            index: small(u)?,
            name: text(u)?,
            mac: maybe(u, mac)?,
            vif: maybe(u, small)?,
            addresses: some(u, address)?,
            perm_mac: maybe(u, mac)?,
            upper_addresses: some(u, address)?,
        })
    })
}

fn os(u: &mut Unstructured) -> Result<Os> {
    Ok(Os {
        pretty_name: text(u)?,
        name: text(u)?,
        distro: text(u)?,
        version: maybe(u, text)?,
        major: maybe(u, text)?,
        minor: maybe(u, text)?,
        kernel_release: text(u)?,
        host_name: text(u)?,
        domain: maybe(u, text)?,
    })
}

fn drivers(u: &mut Unstructured) -> Result<Drivers> {
    // The collector takes names of directories and replaces blanks.
    let word =
        |u: &mut Unstructured| Ok(format!("x{}", short(u)?.replace(char::is_whitespace, "-")));
    let in_use = some(u, |u| Ok(Driver { vendor: "Linux", name: word(u)?, version: word(u)? }))?;
    Ok(Drivers { in_use, vif: u.arbitrary()?, vbd: u.arbitrary()? })
}

fn service(u: &mut Unstructured) -> Result<Service> {
    Ok(Service { boot_id: maybe(u, text)?, reboot_required: u.arbitrary()? })
}

/// Removes volumes with the same published name.
fn distinct(mut volumes: Vec<Volume>) -> Vec<Volume> {
    let mut seen = BTreeSet::new();
    volumes.retain(|volume| seen.insert(sanitize(&volume.name)));
    volumes
}

fn volume(u: &mut Unstructured) -> Result<Volume> {
    Ok(Volume {
        name: text(u)?,
        label: maybe(u, text)?,
        size: u.arbitrary()?,
        free: u.arbitrary()?,
        filesystem: text(u)?,
        mount_points: some(u, text)?,
        extents: some(u, text)?,
    })
}
