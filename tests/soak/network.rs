//! Actions on links, addresses and routes, by ip(8). The kernel may reject them; `kernel` reads the result.

use crate::soak::Soak;

/// The numbers of the VIFs, and of the NICs that are SR-IOV VFs.
pub const VIFS: [u32; 4] = [0, 1, 2, 3];
pub const VFS: [u32; 2] = [7, 8];
const UPPERS: [&str; 3] = ["br0", "mv0", "mv1"];

/// The names that a link of this number may have.
pub fn names(number: u32) -> Vec<String> {
    let kinds: &[&str] = if VIFS.contains(&number) { &["eth", "enX", "net"] } else { &["vf"] };
    kinds.iter().map(|kind| format!("{kind}{number}")).collect()
}

/// The number of the VIF with this name.
pub fn vif(name: &str) -> Option<u32> {
    VIFS.into_iter().find(|number| names(*number).iter().any(|known| known == name))
}

/// Makes the VIFs in sysfs under each of their names, and disables duplicate address detection.
pub fn prepare(soak: &mut Soak) {
    for number in VIFS {
        names(number).iter().for_each(|name| soak.guest.is_vif(name, number));
    }
    soak.guest.sh("for dad in /proc/sys/net/ipv6/conf/*/accept_dad; do echo 0 >$dad; done");
    soak.links.insert(0, "eth0".into());
    for number in VIFS.into_iter().chain(VFS) {
        add_link(soak, number);
    }
}

fn add_link(soak: &mut Soak, number: u32) {
    if !soak.links.contains_key(&number) {
        let name = soak.random.pick(&names(number)).clone();
        soak.guest.link(&name, number);
        soak.links.insert(number, name);
    }
}

fn any_number(soak: &mut Soak) -> u32 {
    *soak.random.pick(&[0, 1, 2, 3, 7, 8])
}

/// The present name of a random VIF or VF; None if it is unplugged.
fn any_link(soak: &mut Soak) -> Option<String> {
    let number = any_number(soak);
    soak.links.get(&number).cloned()
}

fn any_device(soak: &mut Soak) -> Option<String> {
    if soak.random.one_in(4) {
        return Some((*soak.random.pick(&UPPERS)).into());
    }
    any_link(soak)
}

fn ip(soak: &mut Soak, lines: &str) {
    soak.journal.detail(lines);
    soak.guest.ip_where_possible(lines);
}

/// Mostly a few addresses, sometimes thousands. They are taken from a small range, so that added ones are also
/// removed.
pub fn addresses(soak: &mut Soak) {
    let Some(device) = any_device(soak) else { return };
    let random = &mut soak.random;
    let count = match random.below(24) {
        // Addresses of an upper device are published for each VIF below it, which would be too many.
        0 if !UPPERS.contains(&device.as_str()) => random.between(500, 3000),
        1..=4 => random.between(20, 100),
        _ => random.between(1, 6),
    };
    let (net, first, is_v6) = (random.below(4), random.below(30), random.one_in(2));
    let (verb, end) = match random.below(8) {
        0..=2 => (&["add"][..], ""),
        3 | 4 => (&["del"][..], ""),
        5 => (&["add", "del"][..], ""),
        6 => (&["change"][..], " preferred_lft 0"),
        _ => (&["add"][..], " scope link"),
    };
    // Many addresses reach the quota. This is logged, and so is that it is no longer reached.
    soak.journal.lines_allowed += if count > 50 { 2 } else { 0 };
    let mut lines = String::new();
    for verb in verb {
        for n in first..first + count {
            lines += &match is_v6 {
                false => format!(
                    "addr {verb} 10.{net}.{}.{}/16 dev {device}{end}\n",
                    n / 250,
                    n % 250 + 1
                ),
                true => format!("addr {verb} 2001:db8:{net}::{n:x}/64 dev {device} nodad{end}\n"),
            };
        }
    }
    soak.journal.detail(&format!("{count}"));
    ip(soak, &lines);
}

/// Adds more addresses than any later action, so that the agent's memory has its peak here.
pub fn storm(soak: &mut Soak) {
    soak.journal.begin("storm of addresses");
    soak.journal.lines_allowed += 2;
    VIFS.into_iter().chain(VFS).for_each(|number| add_link(soak, number));
    let mut lines = String::new();
    for device in soak.links.values() {
        lines += &format!("link set {device} up\n");
        for n in 0..600 {
            lines += &format!("addr add 10.9.{}.{}/16 dev {device}\n", n / 250, n % 250 + 1);
            lines += &format!("addr add 2001:db8:9::{n:x}/64 dev {device} nodad\n");
        }
    }
    ip(soak, &lines);
    crate::process::wait_idle(soak);
}

/// Removes all addresses and upper devices.
pub fn flush(soak: &mut Soak) {
    soak.journal.begin("flush");
    let links = soak.links.values().map(String::as_str);
    let lines = links.map(|link| format!("addr flush dev {link}\n")).collect::<String>();
    ip(soak, &(UPPERS.map(|upper| format!("link del {upper}\n")).concat() + &lines));
}

pub fn down_or_up(soak: &mut Soak) {
    let Some(device) = any_device(soak) else { return };
    let state = *soak.random.pick(&["down", "up", "up"]);
    ip(soak, &format!("link set {device} {state}"));
}

pub fn rename(soak: &mut Soak) {
    let number = any_number(soak);
    let new = soak.random.pick(&names(number)).clone();
    let Some(old) = soak.links.get(&number).filter(|old| **old != new).cloned() else { return };
    ip(soak, &format!("link set {old} down\nlink set {old} name {new}\nlink set {new} up"));
    soak.links.insert(number, new);
}

pub fn remove(soak: &mut Soak) {
    let number = any_number(soak);
    let Some(name) = soak.links.remove(&number) else { return };
    ip(soak, &format!("link del {name}"));
}

pub fn add(soak: &mut Soak) {
    let number = any_number(soak);
    soak.journal.detail(&number.to_string());
    add_link(soak, number);
}

pub fn change_mac(soak: &mut Soak) {
    let number = any_number(soak);
    let Some(name) = soak.links.get(&number).cloned() else { return };
    let mac = super::host::mac(number, soak.random.below(2));
    ip(soak, &format!("link set {name} address {mac}"));
}

pub fn uppers(soak: &mut Soak) {
    let Some(nic) = any_link(soak) else { return };
    let lower = if soak.random.one_in(3) { "br0" } else { nic.as_str() };
    let upper = *soak.random.pick(&UPPERS);
    // With fixed indices: the kernel could choose that of an unplugged link.
    let lines = match soak.random.below(9) {
        0 => "link add br0 index 300 type bridge\nlink set br0 up".into(),
        1 | 2 => format!("link set {nic} master br0"),
        3 => format!("link set {nic} nomaster"),
        4 => {
            format!("link add mv0 link {lower} index 301 type macvlan mode bridge\nlink set mv0 up")
        }
        5 => {
            format!("link add mv1 link {lower} index 302 type macvlan mode bridge\nlink set mv1 up")
        }
        6 | 7 => format!("link set {upper} up"),
        _ => format!("link del {upper}"),
    };
    ip(soak, &lines);
}

pub fn route(soak: &mut Soak) {
    let Some(device) = any_device(soak) else { return };
    let to = *soak.random.pick(&["default", "::/0"]);
    let n = soak.random.between(1, 30);
    let line = match soak.random.below(4) {
        0 => format!("route del {to}"),
        1 | 2 => format!("route replace {to} dev {device}"),
        _ => format!("route replace default dev {device} src 10.{}.0.{n}", n % 4),
    };
    ip(soak, &line);
}
