//! Exports of Telegram Desktop: one chat or a whole account, as JSON or as HTML.

use std::path::Path;

use super::{Dropped, ImportError, ImportOptions, Sink};

/// Reads an export: a file, or the folder that it lies in.
///
/// # Errors
/// It can't be read or is no export.
pub fn read(
    _path: &Path,
    _options: &ImportOptions,
    _dropped: &mut Dropped,
    _sink: &mut Sink,
) -> Result<(), ImportError> {
    Ok(())
}
