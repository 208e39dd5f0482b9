//! What is wrong with JSON, told without its text: serde repeats unknown names and bad values.

use std::path::Path;

use super::{ImportError, Place};

/// The error as one of the file that holds the JSON from line `first` on.
pub(super) fn malformed(path: &Path, error: &serde_json::Error, first: u64, mend: &'static str) -> ImportError {
    let problem = match error.classify() {
        serde_json::error::Category::Data => "a field is wrong or missing",
        serde_json::error::Category::Eof => "ends too early",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "is no JSON",
    };
    let line = first + (error.line() as u64).saturating_sub(1);
    ImportError::malformed(path, Place::Column(line, error.column() as u64), problem, mend)
}
