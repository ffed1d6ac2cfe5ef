//! The host's name of a virtual disk, computed from its number. No I/O.
//!
//! The number is that of `device/vbd/N`; Xen's xen-vbd-interface(7) defines how it encodes disk and partition.
//! The guest's kernel may have another name for the disk: `xvde` for the host's `xvda`.

/// `xvda` for `device/vbd/51712`; `None` if the number has no name.
pub fn disk(nodename: &str) -> Option<String> {
    let number: u32 = nodename.strip_prefix("device/vbd/")?.parse().ok()?;
    let (kind, disk, partition) = match number >> 8 {
        202 => ("xvd", number >> 4 & 0xf, number & 0xf),
        8 => ("sd", number >> 4 & 0xf, number & 0xf),
        3 => ("hd", number >> 6 & 0x3, number & 0x3f),
        22 => ("hd", (number >> 6 & 0x3) + 2, number & 0x3f),
        _ if number >> 28 == 1 => ("xvd", number >> 8 & 0xf_ffff, number & 0xff),
        _ => return None,
    };
    let partition = if partition == 0 { String::new() } else { partition.to_string() };
    Some(format!("{kind}{}{partition}", letters(disk)))
}

/// `a` to `z`, then `aa`.
fn letters(disk: u32) -> String {
    let last = char::from(b'a' + (disk % 26) as u8);
    match disk / 26 {
        0 => last.into(),
        more => letters(more - 1) + &last.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::disk;

    // The examples of xen-vbd-interface(7) and of hosts.
    #[test]
    fn vbd_numbers_map_to_host_names() {
        for (number, name) in [
            (51_712, "xvda"),
            (51_728, "xvdb"),
            (51_713, "xvda1"),
            (51_952, "xvdp"),
            (268_439_552, "xvdq"),
            (268_442_112, "xvdaa"),
            (2048, "sda"),
            (768, "hda"),
            (832, "hdb"),
            (5632, "hdc"),
            (5696, "hdd"),
        ] {
            assert_eq!(disk(&format!("device/vbd/{number}")).as_deref(), Some(name));
        }
    }

    #[test]
    fn other_numbers_have_no_name() {
        for nodename in
            ["device/vbd/1", "device/vbd/4294967295", "device/vbd/", "device/vif/51712", ""]
        {
            assert_eq!(disk(nodename), None, "{nodename}");
        }
    }
}
