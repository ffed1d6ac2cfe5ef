//! The guest's kernel, as far as the tests depend on its version.

use super::wire::{UNWATCH, WATCH, WATCH_EVENT};

/// A guest kernel. The xenbus device (`drivers/xen/xenbus/xenbus_dev_frontend.c`) puts a request id into
/// each reply; which one depends on the kernel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kernel {
    /// Before 4.11: the device answers `XS_WATCH` and `XS_UNWATCH` itself, with id 0, and sets no id
    /// in a watch event. All other replies have the client's id.
    Linux4_4,
    /// 4.11 to 4.15, before commit 29fee6eed281 ("xenbus: track caller request id"): `XS_WATCH` and
    /// `XS_UNWATCH` have the client's id, all other replies one of the kernel's own.
    Linux4_13,
    /// Since 4.16: every reply has the client's id.
    Linux6_1,
}

impl Kernel {
    pub const ALL: [Kernel; 3] = [Kernel::Linux4_4, Kernel::Linux4_13, Kernel::Linux6_1];

    /// The request id of a message to a client: of its own id and the kernel's.
    pub(super) fn reply_id(self, kind: u32, clients: u32, kernels: u32) -> u32 {
        match (self, kind) {
            // The header is on the kernel's stack, and the kernel does not set this field.
            (Kernel::Linux4_4, WATCH_EVENT) => 0xdead_beef,
            (Kernel::Linux4_4, WATCH | UNWATCH) => 0,
            (Kernel::Linux4_13, kind) if ![WATCH, UNWATCH, WATCH_EVENT].contains(&kind) => kernels,
            _ => clients,
        }
    }
}
