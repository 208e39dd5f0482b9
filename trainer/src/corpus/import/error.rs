//! What keeps a file from being imported: which file, where in it, and what to do. Never what people wrote.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::files::FileError;

/// Where in a file something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The file as a whole.
    Whole,
    /// A line, from one.
    Line(u64),
    /// A line and a column in bytes, both from one.
    Column(u64, u64),
    /// A byte, from zero.
    Byte(u64),
}

impl fmt::Display for Place {
    /// As it stands behind the file's name.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => Ok(()),
            Self::Line(line) => write!(formatter, ":{line}"),
            Self::Column(line, column) => write!(formatter, ":{line}:{column}"),
            Self::Byte(byte) => write!(formatter, ": byte {byte}"),
        }
    }
}

/// Why an import failed.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file can't be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file isn't what it was taken for.
    #[error("{}{place}: {problem}; {mend}", path.display())]
    Malformed {
        /// Which file or folder.
        path: PathBuf,
        /// Where in it.
        place: Place,
        /// What is wrong; holds no text of the file but short names of keys.
        problem: String,
        /// What to do, as a phrase.
        mend: &'static str,
    },
    /// Something outside of files failed, such as a request to a board.
    #[error("{what}: {problem}; {mend}")]
    Elsewhere {
        /// What was asked, such as an address.
        what: String,
        /// What is wrong.
        problem: String,
        /// What to do, as a phrase.
        mend: &'static str,
    },
}

impl ImportError {
    /// A file that isn't what it was taken for.
    pub fn malformed(path: &Path, place: Place, problem: impl Into<String>, mend: &'static str) -> Self {
        Self::Malformed { path: path.to_owned(), place, problem: problem.into(), mend }
    }
}
