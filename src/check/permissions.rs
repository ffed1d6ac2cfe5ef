//! Permissions of a node in xenstore, as `docs/misc/xenstore.txt` has them. Pure.

/// Whether the domain may write a node with these permissions: `n0`, NUL, `r7`, NUL. The first names the owner,
/// who may do all, and what those may do who are not named; the others name a domain each.
pub fn may_write(perms: &str, domid: &str) -> bool {
    let mut perms = perms.split('\0').filter(|perm| !perm.is_empty());
    let has_write = |kind: char| matches!(kind, 'w' | 'b');
    let parts = |perm: &str| {
        let mut chars = perm.chars();
        let kind = chars.next()?;
        Some((kind, chars.as_str() == domid))
    };
    let Some((everybody, is_owner)) = perms.next().and_then(parts) else { return false };
    let own = perms.filter_map(parts).find(|(_, is_own)| *is_own);
    is_owner || has_write(own.map_or(everybody, |(kind, _)| kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owner_and_those_with_w_or_b_may_write() {
        for (perms, may) in [
            ("n7\0", true),
            ("n0\0r7\0", false),
            ("n0\0b7\0", true),
            ("n0\0r3\0w7\0", true),
            ("b0\0", true),
            ("b0\0r7\0", false),
            ("r0\0w77\0", false),
            ("", false),
        ] {
            assert_eq!(may_write(perms, "7"), may, "{perms:?}");
        }
    }
}
