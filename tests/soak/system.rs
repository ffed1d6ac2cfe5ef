//! Actions on the guest's names, distribution, memory and drivers, and the wanted keys.

use crate::harness::OS_RELEASE;
use crate::process;
use crate::soak::Soak;

/// The kernel's host name, its short form and its domain.
const NAMES: [(&str, &str, Option<&str>); 6] = [
    ("guest.example.org", "guest", Some("example.org")),
    ("web", "web", None),
    ("WEB.corp.example.", "WEB", Some("corp.example")),
    ("db1.localdomain", "db1", None),
    ("a.b.c.d", "a", Some("b.c.d")),
    (
        "a-host-name-of-more-than-fifty-characters-as-clouds-make",
        "a-host-name-of-more-than-fifty-characters-as-clouds-make",
        None,
    ),
];

/// Contents of `/etc/hosts`, and the domain that it gives the host `web`.
const HOSTS: [(&str, Option<&str>); 3] = [
    ("127.0.0.1 localhost\n", None),
    ("127.0.0.1 localhost\n10.0.0.1 web.hosts.example web\n", Some("hosts.example")),
    ("", None),
];

/// A distribution's files, and the published name, id, major and minor version.
struct Release {
    os_release: Option<&'static str>,
    debian_version: Option<&'static str>,
    published: [&'static str; 4],
}

const RELEASES: [Release; 6] = [
    Release {
        os_release: Some(OS_RELEASE),
        debian_version: Some("12.7\n"),
        published: ["Debian GNU/Linux 12 (bookworm)", "debian", "12", "7"],
    },
    Release {
        os_release: Some(
            "PRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"13\"\nID=debian\n",
        ),
        debian_version: Some("13.1\n"),
        published: ["Debian GNU/Linux 13 (trixie)", "debian", "13", "1"],
    },
    Release {
        os_release: Some(
            "NAME='Alpine Linux'\nID=alpine\nVERSION_ID=3.22.1\nPRETTY_NAME='Alpine Linux v3.22'\n",
        ),
        debian_version: None,
        published: ["Alpine Linux v3.22", "alpine", "3", "22"],
    },
    // Half written.
    Release {
        os_release: Some("PRETTY_NAME=\"Debian GNU/Li"),
        debian_version: None,
        published: ["Debian GNU/Li", "linux", "", ""],
    },
    // Without a name, beside a file that has one.
    Release {
        os_release: Some("\u{1}\u{2}=====\n=\n\n"),
        debian_version: Some("12.7\n"),
        published: ["Debian GNU/Linux 12.7", "debian", "12", "7"],
    },
    Release { os_release: None, debian_version: None, published: ["Linux", "linux", "", ""] },
];

/// A driver's directory, its module and its device.
const DRIVERS: [(&str, &str, &str); 4] = [
    ("vif", "xen_netfront", "vif-0"),
    ("vbd", "xen_blkfront", "vbd-51712"),
    ("vkbd", "xen_kbdfront", "vkbd-0"),
    ("pci", "xen_pcifront", "pci-0"),
];

/// The present state of the guest, mostly as indices of the arrays above.
pub struct System {
    name: usize,
    hosts: usize,
    release: usize,
    memory: (u32, u32),
    reboot: [bool; 2],
    drivers: [bool; 4],
}

const REBOOT: [&str; 2] = ["/run/reboot-required", "/run/reboot-needed"];

impl System {
    /// The state in which the harness makes a guest.
    pub fn new() -> System {
        System {
            name: 0,
            hosts: 0,
            release: 0,
            memory: (207_744, 150_400),
            reboot: [false; 2],
            drivers: [true, false, false, false],
        }
    }

    /// The wanted keys.
    pub fn wanted(&self) -> Vec<(String, String)> {
        let (_, short, domain) = NAMES[self.name];
        let domain = domain.or(HOSTS[self.hosts].1.filter(|_| short == "web"));
        let [name, id, major, minor] = RELEASES[self.release].published;
        let yes = |is: bool| if is { "1" } else { "" };
        let mut keys = vec![
            ("data/host_name_dns", short.to_string()),
            ("data/domain", domain.unwrap_or_default().into()),
            ("data/os_name", name.into()),
            ("data/os_distro", id.into()),
            ("data/os_majorver", major.into()),
            ("data/os_minorver", minor.into()),
            ("data/meminfo_total", self.memory.0.to_string()),
            ("data/meminfo_free", self.memory.1.to_string()),
            (
                "data/service/xen-guest-agent/reboot-required",
                yes(self.reboot.contains(&true)).into(),
            ),
            ("feature/hotplug/vif", yes(self.drivers[0]).into()),
            ("feature/hotplug/vbd", yes(self.drivers[1]).into()),
        ];
        keys.retain(|(_, value)| !value.is_empty());
        keys.into_iter().map(|(key, value)| (key.into(), value)).collect()
    }

    /// The wanted value of a memory key if the published value is so close that the agent need not write it: it
    /// writes a sample that moved by 1/512 of the total or 1 MiB, whichever is more.
    pub fn sample_near(&self, key: &str, published: &str) -> Option<String> {
        let wanted = match key {
            "data/meminfo_total" => self.memory.0,
            "data/meminfo_free" => self.memory.1,
            _ => return None,
        };
        let is_near = wanted.abs_diff(published.parse().ok()?) < (self.memory.0 / 512).max(1024);
        is_near.then(|| wanted.to_string())
    }

    /// The published names of the drivers in use.
    pub fn drivers(&self) -> Vec<String> {
        let here = DRIVERS.iter().zip(self.drivers).filter(|(_, is_here)| *is_here);
        let names = here.map(|((_, module, _), _)| module.replace('_', "-"));
        names.chain(["xen-balloon".into()]).collect()
    }
}

fn pick_index(soak: &mut Soak, limit: usize) -> usize {
    let n = soak.random.below(limit as u64) as usize;
    soak.journal.detail(&n.to_string());
    n
}

/// Hides `/usr/lib/os-release`, which is the machine's, not the guest's.
pub fn prepare(soak: &mut Soak) {
    soak.guest.sh("touch /dev/none; ! [ -e /usr/lib/os-release ] || mount --bind /dev/none /usr/lib/os-release");
}

pub fn host_name(soak: &mut Soak) {
    soak.system.name = pick_index(soak, NAMES.len());
    soak.guest.host_name(NAMES[soak.system.name].0);
}

pub fn hosts(soak: &mut Soak) {
    soak.system.hosts = pick_index(soak, HOSTS.len());
    soak.guest.file("/etc/hosts", HOSTS[soak.system.hosts].0);
}

/// Writes the files in place, or renames new ones as a package manager does. Sometimes makes a directory
/// first.
pub fn release(soak: &mut Soak) {
    soak.system.release = pick_index(soak, RELEASES.len());
    let release = &RELEASES[soak.system.release];
    if soak.random.one_in(4) {
        soak.journal.detail("after a directory");
        soak.journal.lines_allowed += 1;
        soak.guest.sh("rm -rf /etc/os-release; mkdir /etc/os-release");
    }
    soak.guest.sh("[ ! -d /etc/os-release ] || rmdir /etc/os-release");
    for (path, text) in
        [("/etc/os-release", release.os_release), ("/etc/debian_version", release.debian_version)]
    {
        match text {
            None => soak.guest.sh(&format!("rm -f {path}")),
            Some(text) if soak.random.one_in(2) => soak.guest.file(path, text),
            Some(text) => {
                soak.guest.file("/etc/new", text);
                soak.guest.sh(&format!("mv /etc/new {path}"));
            }
        }
    }
}

pub fn memory(soak: &mut Soak) {
    let total = soak.random.between(1_000, 9_999_999) as u32;
    soak.system.memory = (total, soak.random.between(0, u64::from(total)) as u32);
    restore_meminfo(soak);
}

pub fn break_meminfo(soak: &mut Soak) {
    let with = soak.random.pick(&[":", "echo none"]);
    soak.guest.sh(&format!("{with} >/proc/meminfo"));
    soak.sometimes_sleep();
}

/// Writes the right figures to `/proc/meminfo`.
pub fn restore_meminfo(soak: &mut Soak) {
    let (total, available) = soak.system.memory;
    soak.guest.memory(total, available);
}

pub fn reboot(soak: &mut Soak) {
    let n = pick_index(soak, REBOOT.len());
    soak.system.reboot[n] ^= true;
    match soak.system.reboot[n] {
        true => soak.guest.file(REBOOT[n], "*** System restart required ***\n"),
        false => soak.guest.remove_file(REBOOT[n]),
    }
}

pub fn driver(soak: &mut Soak) {
    let n = pick_index(soak, DRIVERS.len());
    let (driver, module, device) = DRIVERS[n];
    soak.system.drivers[n] ^= true;
    match soak.system.drivers[n] {
        true => soak.guest.driver(driver, module, &[device]),
        false => soak.guest.sh(&format!("rm -r /sys/bus/xen/drivers/{driver}")),
    }
    process::reload(soak);
}
