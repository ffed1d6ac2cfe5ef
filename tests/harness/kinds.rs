//! NICs that have a driver of their own and no kind, as physical, emulated and passed-through ones. Each link that
//! can be made here has a kind, so `shim/kinds.c` is preloaded into the program and hides it.

use super::Guest;
use super::preload::preload;
use std::process::Command;

impl Guest {
    /// Makes a NIC with this driver: a link, and the driver in sysfs. Its MAC ends in the number.
    pub fn nic(&self, name: &str, number: u32, driver: &str) {
        let device = format!("/sys/class/net/{name}/device");
        self.sh(&format!(
            "mkdir -p {device} && ln -s ../../../bus/pci/drivers/{driver} {device}/driver"
        ));
        self.link(name, number);
    }

    /// The program with these arguments, to which the links of these names, with commas, have no kind.
    pub fn command_with_nics(&self, names: &str, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        command.env("XGA_DEVICES", names);
        preload(&mut command, "kinds-shim", &["kinds.c"]);
        command
    }
}
