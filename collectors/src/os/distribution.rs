//! A distribution: its name and version. No I/O.

/// A distribution as its own files name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// Name and version for people.
    pub pretty_name: String,
    /// Name without version.
    pub name: String,
    /// Lower-case id as hosts know it.
    pub id: String,
    /// The version, as text.
    pub version: Option<String>,
}
