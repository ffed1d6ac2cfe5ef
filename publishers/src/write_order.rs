//! The order in which keys are written within a batch.
//!
//! xenopsd watches `attr`, `control`, `feature`, `xenserver/attr` and `data/service`, but neither `drivers`
//! nor the rest of `data`. It reads these when a watch fires, so they are written before the watched keys.

/// The phase of a path in its batch; the lowest is written first.
#[must_use]
pub fn write_phase(path: &str) -> u8 {
    let mut parts = path.split('/');
    match (parts.next(), parts.next()) {
        (Some("data"), Some("service")) => 1,
        (Some("feature"), _) => 2,
        (Some("control"), _) => 3,
        (Some("attr" | "xenserver"), _) => 4,
        _ => 0,
    }
}

/// Whether the toolstack of an XAPI host reads the guest's keys when this path changes.
#[must_use]
pub fn is_watched(path: &str) -> bool {
    write_phase(path) > 0
}
