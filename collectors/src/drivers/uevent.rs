//! Parses uevents: `ACTION@DEVPATH`, then `NAME=VALUE` settings, each followed by a NUL
//! (`lib/kobject_uevent.c`). No I/O.

/// The subsystems of Xen's devices, of drivers and of modules.
pub const SUBSYSTEMS: [&[u8]; 4] = [b"xen", b"xen_memory", b"drivers", b"module"];

/// Whether the event is of one of these subsystems.
#[must_use]
pub fn is_relevant(event: &[u8]) -> bool {
    let mut settings = event.split(|&byte| byte == 0);
    let subsystem = settings.find_map(|setting| setting.strip_prefix(b"SUBSYSTEM="));
    subsystem.is_some_and(|subsystem| SUBSYSTEMS.contains(&subsystem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_drivers_and_xen_devices_are_relevant() {
        let event = |subsystem: &str| {
            format!("add@/x\0ACTION=add\0DEVPATH=/x\0SUBSYSTEM={subsystem}\0SEQNUM=7\0")
        };
        for subsystem in ["xen", "xen_memory", "drivers", "module"] {
            assert!(is_relevant(event(subsystem).as_bytes()), "{subsystem}");
        }
        for subsystem in ["net", "xen-backend", "xenx", "block", ""] {
            assert!(!is_relevant(event(subsystem).as_bytes()), "{subsystem}");
        }
    }

    #[test]
    fn malformed_events_are_not_relevant() {
        for event in [&b""[..], b"\0", b"libudev\0\xfe\xed\xca\xfe", b"XSUBSYSTEM=xen\0", b"\xff"] {
            assert!(!is_relevant(event));
        }
    }
}
