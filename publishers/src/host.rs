//! The kinds of hosts, by the keys that their toolstacks write for each guest. No I/O.

/// The toolstack of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// XCP-ng and XenServer.
    Xapi,
    /// OpenXT.
    OpenXt,
    /// `xl` and others.
    Libxl,
}

/// The keys by which a host is known, below the domain's home. XAPI's xenopsd writes the first two, OpenXT's
/// xenmgr the last (`xenmgr/Vm/Monitor.hs`). libxl writes none of them.
pub const KEYS: [&str; 3] = ["unique-domain-id", "xenserver", "acpi-state"];

impl Host {
    /// The host for which the first of [`KEYS`] exists. The function is not called for the keys after it.
    ///
    /// # Errors
    /// Those of `exists`.
    pub fn detect<E>(mut exists: impl FnMut(&str) -> Result<bool, E>) -> Result<Self, E> {
        for (key, host) in KEYS.into_iter().zip([Self::Xapi, Self::Xapi, Self::OpenXt]) {
            if exists(key)? {
                return Ok(host);
            }
        }
        Ok(Self::Libxl)
    }

    /// The name by which people know it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Xapi => "XAPI",
            Self::OpenXt => "OpenXT",
            Self::Libxl => "libxl",
        }
    }
}
