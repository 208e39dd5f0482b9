//! Tables in CSV: `context_3,context_2,context_1,response`, with any number of context columns.
//!
//! Contexts are repeated from row to row, so that only the response is learned. Columns of other names are passed over.

use std::cell::Cell;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::rc::Rc;

use csv::StringRecord;

use super::{Dropped, ImportError, ImportOptions, Place, Sink, turns};
use crate::files::FileError;

/// The longest row that is read, in bytes: a quote that is never closed takes all the rest of a file.
const LONGEST_ROW: u64 = 16 << 20;
const MEND: &str = "write it as context_3,context_2,context_1,response with a header, separated by commas";

/// Reads a file.
///
/// # Errors
/// It can't be read, has no such header, or a row has more or fewer columns.
pub fn read(path: &Path, _options: &ImportOptions, dropped: &mut Dropped, sink: &mut Sink) -> Result<(), ImportError> {
    let file = File::open(path).map_err(FileError::at(path))?;
    let left = Rc::new(Cell::new(LONGEST_ROW));
    let mut table = csv::Reader::from_reader(Bounded { file, left: left.clone() });
    let header = table.headers().map_err(|error| malformed(path, error))?;
    let columns =
        Columns::find(header).map_err(|problem| ImportError::malformed(path, Place::Line(1), problem, MEND))?;
    let (mut row, source) = (StringRecord::new(), turns::name_of(path));
    loop {
        left.set(LONGEST_ROW);
        if !table.read_record(&mut row).map_err(|error| malformed(path, error))? {
            return Ok(());
        }
        let cell = |column: &usize| row.get(*column).unwrap_or_default().trim().to_owned();
        let response = cell(&columns.response);
        if response.is_empty() {
            dropped.count("row without a response");
            continue;
        }
        let texts = columns.contexts.iter().map(cell).filter(|text| !text.is_empty()).chain([response]).collect();
        if let Some(dialogue) = turns::answer(&source, texts, dropped) {
            sink(dialogue)?;
        }
    }
}

/// Where a row's cells are.
struct Columns {
    /// Oldest first.
    contexts: Vec<usize>,
    response: usize,
}

impl Columns {
    fn find(header: &StringRecord) -> Result<Self, &'static str> {
        let mut contexts = Vec::new();
        let mut response = None;
        for (column, name) in header.iter().enumerate() {
            let name = name.trim().trim_start_matches('\u{feff}').to_lowercase();
            if name == "response" {
                if response.replace(column).is_some() {
                    return Err("there are two columns response");
                }
            } else if let Some(Ok(age)) = name.strip_prefix("context_").map(str::parse::<u32>) {
                contexts.push((std::cmp::Reverse(age), column));
            }
        }
        contexts.sort();
        if contexts.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err("there are two context columns of one number");
        }
        let response = response.ok_or("the header has no column response")?;
        Ok(Self { contexts: contexts.into_iter().map(|(_, column)| column).collect(), response })
    }
}

fn malformed(path: &Path, error: csv::Error) -> ImportError {
    let line = error.position().map_or(Place::Whole, |position| Place::Line(position.line()));
    match error.into_kind() {
        csv::ErrorKind::Io(source) => FileError { path: path.to_owned(), source }.into(),
        csv::ErrorKind::Utf8 { .. } => ImportError::malformed(path, line, "is no UTF-8", "convert the file to UTF-8"),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            let problem = format!("has {len} columns where the header has {expected_len}");
            ImportError::malformed(path, line, problem, MEND)
        }
        _ => ImportError::malformed(path, line, "is no table", MEND),
    }
}

/// A file that ends in an error where a row is too long.
struct Bounded {
    file: File,
    left: Rc<Cell<u64>>,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        let left = self.left.get().checked_sub(read as u64);
        self.left.set(left.ok_or_else(|| {
            std::io::Error::other(format!("a row is longer than {LONGEST_ROW} bytes; is a quote not closed?"))
        })?);
        Ok(read)
    }
}
