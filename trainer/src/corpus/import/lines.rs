//! A text file line by line, in bounded memory.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::{ImportError, Place};
use crate::files::FileError;

/// The longest line that is read, in bytes: longer ones are something else.
const LONGEST_LINE: u64 = 16 << 20;

/// The lines of a file.
pub(super) struct Lines<R> {
    path: PathBuf,
    reader: R,
    number: u64,
    buffer: Vec<u8>,
}

impl Lines<BufReader<File>> {
    /// Opens a file.
    pub(super) fn open(path: &Path) -> Result<Self, FileError> {
        let file = File::open(path).map_err(FileError::at(path))?;
        Ok(Self {
            path: path.to_owned(),
            reader: BufReader::with_capacity(1 << 18, file),
            number: 0,
            buffer: Vec::new(),
        })
    }
}

impl<R: BufRead> Lines<R> {
    /// The number of the line that was read last, from one.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The next line without its end; a byte order mark is no part of the first.
    pub(super) fn next(&mut self) -> Result<Option<&str>, ImportError> {
        self.buffer.clear();
        self.number += 1;
        let mut limited = (&mut self.reader).take(LONGEST_LINE);
        let read = limited.read_until(b'\n', &mut self.buffer).map_err(FileError::at(&self.path))?;
        if read as u64 == LONGEST_LINE && self.buffer.last() != Some(&b'\n') {
            let problem = format!("a line is longer than {LONGEST_LINE} bytes");
            let mend = "give a text file with shorter lines";
            return Err(ImportError::malformed(&self.path, Place::Line(self.number), problem, mend));
        }
        if read == 0 {
            return Ok(None);
        }
        let line = std::str::from_utf8(&self.buffer).map_err(|error| {
            let place = Place::Column(self.number, error.valid_up_to() as u64 + 1);
            ImportError::malformed(&self.path, place, "is no UTF-8", "convert the file to UTF-8")
        })?;
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        Ok(Some(if self.number == 1 { line.strip_prefix('\u{feff}').unwrap_or(line) } else { line }))
    }
}
