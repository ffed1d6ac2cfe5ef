//! The kernel's network, read by ip(8): links, upper devices, and the preference of each address. It uses no
//! code of the agent, whose mistakes it would share.

use crate::harness::Guest;
use crate::network::vif;

/// An address with its prefix and preference; the lowest preference is the best.
#[derive(Clone, Debug, PartialEq)]
pub struct Address {
    pub ip: String,
    pub prefix: String,
    pub preference: (u8, bool, bool, bool, bool),
}

#[derive(Debug, Default, PartialEq)]
pub struct Nic {
    pub name: String,
    pub mac: String,
    /// The permanent MAC.
    pub perm_mac: String,
    up: bool,
    lower: String,
    master: String,
    addresses: Vec<Address>,
}

/// The links in the order of their indices.
#[derive(Debug, PartialEq)]
pub struct Kernel(pub Vec<Nic>);

impl Kernel {
    pub fn of(guest: &Guest) -> Kernel {
        let ip = |arguments: &[&str]| {
            let output = guest.world_command("ip").args(arguments).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        let mut nics: Vec<Nic> = ip(&["-o", "link"]).lines().map(link).collect();
        // Addresses that only a default route reaches.
        let routes = [ip(&["route", "get", "192.88.99.1"]), ip(&["route", "get", "2000::"])];
        let sources: Vec<String> = routes.iter().filter_map(|route| after(route, "src")).collect();
        for line in ip(&["-o", "addr"]).lines() {
            let name = line.split_whitespace().nth(1).unwrap();
            if let Some(nic) = nics.iter_mut().find(|nic| nic.name == name) {
                nic.addresses.extend(address(line, &sources));
            }
        }
        Kernel(nics)
    }

    /// The addresses of a NIC: its own, and those of its upper devices if it is a VIF.
    pub fn addresses(&self, nic: &Nic) -> Vec<Address> {
        let mut found = nic.usable();
        let is_nic = vif(&nic.name).is_some();
        for upper in self.uppers(nic).into_iter().filter(|_| is_nic) {
            let upper_addresses = upper.usable().into_iter();
            found.extend(upper_addresses.map(|mut address| {
                address.preference.2 = true;
                address
            }));
        }
        found
    }

    fn uppers<'a>(&'a self, nic: &'a Nic) -> Vec<&'a Nic> {
        let mut found = vec![nic];
        let mut at = 0;
        while at < found.len() {
            // A link that is down has no reachable upper devices.
            if !found[at].up {
                at += 1;
                continue;
            }
            for upper in &self.0 {
                let is_above = if upper.name == "br0" {
                    found[at].master == upper.name
                } else {
                    upper.is_upper() && upper.lower == found[at].name
                };
                if is_above && !found.contains(&upper) {
                    found.push(upper);
                }
            }
            at += 1;
        }
        found.split_off(1)
    }

    /// The NIC with the most addresses.
    pub fn most_addressed(&self) -> &str {
        &self.0.iter().max_by_key(|nic| nic.addresses.len()).unwrap().name
    }
}

impl Nic {
    fn usable(&self) -> Vec<Address> {
        if self.up { self.addresses.clone() } else { Vec::new() }
    }

    /// Whether it is an upper device.
    pub fn is_upper(&self) -> bool {
        ["br0", "mv0", "mv1"].contains(&self.name.as_str())
    }
}

/// `2: eth0@p0: <BROADCAST,UP> … master br0 … link/ether 00:16:3e:00:00:00 … permaddr …`
fn link(line: &str) -> Nic {
    let mut words = line.split_whitespace().skip(1);
    let name = words.next().unwrap().trim_end_matches(':');
    let (name, lower) = name.split_once('@').unwrap_or((name, ""));
    let flags = words.next().unwrap().trim_matches(['<', '>']);
    let mac = after(line, "link/ether").unwrap_or_default();
    Nic {
        name: name.into(),
        perm_mac: after(line, "permaddr").unwrap_or_else(|| mac.clone()),
        mac,
        up: flags.split(',').any(|flag| flag == "UP"),
        lower: lower.into(),
        master: after(line, "master").unwrap_or_default(),
        addresses: Vec::new(),
    }
}

/// `2: eth0    inet 192.0.2.10/24 … scope global secondary deprecated eth0\ …`; None while duplicate address
/// detection runs or has failed.
fn address(line: &str, sources: &[String]) -> Option<Address> {
    let (line, _) = line.split_once('\\')?;
    let is = |flag: &str| line.split_whitespace().any(|word| word == flag);
    if is("tentative") || is("dadfailed") {
        return None;
    }
    let address = after(line, "inet").or_else(|| after(line, "inet6"))?;
    let (ip, prefix) = address.split_once('/')?;
    let scope = match after(line, "scope")?.as_str() {
        "global" => 0,
        "site" => 200,
        "link" => 253,
        _ => 254,
    };
    let not_default_source = !sources.iter().any(|source| source == ip);
    let preference =
        (scope, is("deprecated"), false, is("secondary") || is("temporary"), not_default_source);
    Some(Address { ip: ip.into(), prefix: prefix.into(), preference })
}

/// The word after a word.
fn after(line: &str, word: &str) -> Option<String> {
    line.split_whitespace().skip_while(|w| *w != word).nth(1).map(str::to_owned)
}
