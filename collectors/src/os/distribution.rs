//! A distribution: its name and version. No I/O.

/// A distribution, from its own files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// Name and version, to be shown to users.
    pub pretty_name: String,
    /// Name without version.
    pub name: String,
    /// The id that hosts use, in lower case.
    pub id: String,
    /// The version, as text.
    pub version: Option<String>,
}
