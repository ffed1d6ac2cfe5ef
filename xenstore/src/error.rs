//! Why a request failed. No I/O.

use std::io;

use thiserror::Error;

/// Why a request failed. After [`Error::Lost`] the connection cannot be used any more.
#[derive(Debug, Error)]
pub enum Error {
    /// The node does not exist.
    #[error("ENOENT")]
    NotFound,
    /// Denied, or not possible at all: a repeated request would fail too. With the name of the error.
    #[error("{0}")]
    Denied(String),
    /// A quota is reached, or the value is too long.
    #[error("{0}")]
    Quota(String),
    /// Another error of xenstored.
    #[error("{0}")]
    Refused(String),
    /// The connection is lost, or a reply is invalid.
    #[error("{0}")]
    Lost(io::Error),
}

impl Error {
    /// The error of this name, as xenstored answers it.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
        match name.as_str() {
            "" => Self::Refused("an unnamed error".into()),
            "ENOENT" => Self::NotFound,
            "EACCES" | "EPERM" | "EROFS" | "EINVAL" | "EISDIR" => Self::Denied(name),
            // ENOSPC is of the C xenstored, EQUOTA of oxenstored. Both have E2BIG for a value that is too long.
            "ENOSPC" | "EQUOTA" | "E2BIG" => Self::Quota(name),
            _ => Self::Refused(name),
        }
    }

    /// The answer; `None` if the node does not exist or may not be read.
    ///
    /// # Errors
    /// The other ones.
    pub fn absent<T>(answer: Result<T, Self>) -> Result<Option<T>, Self> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(Self::NotFound | Self::Denied(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        error.downcast().unwrap_or_else(Self::Lost)
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Lost(error) => error,
            refused => Self::other(refused),
        }
    }
}
