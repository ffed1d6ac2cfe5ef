//! The kernel's uevents: which ones make the collector list the drivers again.

#![no_main]

use collectors::drivers::uevent::is_relevant;
use libfuzzer_sys::fuzz_target;

const OURS: [&str; 4] = ["xen", "xen_memory", "drivers", "module"];

fuzz_target!(|event: &[u8]| {
    // The first setting of that name and its whole value decide.
    let settings: Vec<String> =
        event.split(|&b| b == 0).map(|s| s.escape_ascii().to_string()).collect();
    let subsystem = settings.iter().find_map(|setting| setting.strip_prefix("SUBSYSTEM="));
    assert_eq!(is_relevant(event), subsystem.is_some_and(|name| OURS.contains(&name)));
    // Bytes after the end of an event are not read.
    let longer = [event, b"\0SUBSYSTEM=xen\0"].concat();
    assert!(subsystem.is_none() || is_relevant(&longer) == is_relevant(event));
});
