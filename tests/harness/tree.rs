//! Trees of keys as text, to write them in a test and to show differences.

use super::wire::Nodes;

/// The `/etc/os-release` of a new guest.
pub const OS_RELEASE: &str = r#"PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
ID=debian
"#;

/// The keys of a new guest in schema std.
pub const FIRST_TREE: &str = "
attr/PVAddons/BuildVersion = 0
attr/PVAddons/Installed = 1
attr/PVAddons/MajorVersion = 1
attr/PVAddons/MicroVersion = 0
attr/PVAddons/MinorVersion = 0
attr/vif/0/ipv4/0 = 192.0.2.10
attr/vif/0/ipv4/0/prefix = 24
attr/vif/0/mac/0 = 00:16:3e:00:00:00
attr/vif/0/name = eth0
control/feature-balloon = 1
data/domain = example.org
data/host_name_dns = guest
data/meminfo_free = 150400
data/meminfo_total = 207744
data/os_distro = debian
data/os_majorver = 12
data/os_minorver = 7
data/os_name = Debian GNU/Linux 12 (bookworm)
data/os_uname = <uname>
data/service/xen-guest-agent/boot-id = <boot-id>
data/service/xen-guest-agent/started = <now>
data/service/xen-guest-agent/version = 1.0.0
data/updated = <now>
drivers/0 = Linux xen-balloon <uname> 
drivers/1 = Linux xen-netfront <uname> 
feature/hotplug/vif = 1
";

/// `key = value`, one a line.
pub fn text(tree: &Nodes) -> String {
    tree.iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join("\n")
}

pub fn difference(wanted: &str, is: &str) -> String {
    let missing = wanted
        .lines()
        .filter(|line| !is.lines().any(|l| l == *line))
        .map(|line| format!("- {line}\n"));
    let extra = is
        .lines()
        .filter(|line| !wanted.lines().any(|l| l == *line))
        .map(|line| format!("+ {line}\n"));
    missing.chain(extra).collect()
}

/// The keys with this machine's values in place of `<uname>` and `<boot-id>`.
pub fn of_this_machine(keys: &str) -> String {
    let kernels = |file: &str| {
        let text = std::fs::read_to_string(format!("/proc/sys/kernel/{file}")).unwrap();
        text.trim().to_owned()
    };
    keys.replace("<uname>", &kernels("osrelease")).replace("<boot-id>", &kernels("random/boot_id"))
}

/// `2026-01-31T12:34:56Z`
pub fn is_rfc3339_utc(time: &str) -> bool {
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00T00:00:00Z"
}
