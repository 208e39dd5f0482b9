//! `result.json`, read as a stream: a message at a time, whatever the size of the file.

mod raw;
mod tree;

use std::io::BufReader;
use std::path::Path;

use serde::de::DeserializeSeed;
use serde_json::Deserializer;
use serde_json::error::Category;

use self::tree::{Export, Failure, State};
use crate::corpus::import::input::{self, Text};
use crate::corpus::import::{Dropped, ImportError, ImportOptions, Place, Sink};

const MEND: &str = "expected the result.json of an export by Telegram Desktop";

/// Reads an export of one chat or of a whole account.
pub(super) fn read(
    path: &Path,
    options: &ImportOptions,
    dropped: &mut Dropped,
    sink: &mut Sink,
) -> Result<(), ImportError> {
    whole_file(&mut State::new(path, options, dropped, sink))
}

fn whole_file(state: &mut State) -> Result<(), ImportError> {
    let path = state.path;
    let mut deserializer = Deserializer::from_reader(BufReader::new(Text::open(path)?));
    let read = Export { state, listed: false }.deserialize(&mut deserializer).and_then(|()| deserializer.end());
    let failure = state.failure.take();
    read.map_err(|error| located(path, error, failure))
}

/// serde's own words repeat values of the file; only what kind of mistake and where is told here.
fn located(path: &Path, error: serde_json::Error, failure: Option<Failure>) -> ImportError {
    let place = Place::Column(error.line().max(1) as u64, error.column().max(1) as u64);
    match (failure, error.classify()) {
        (Some(Failure::File(error)), _) => error.into(),
        (Some(Failure::Import(error)), _) => *error,
        (Some(Failure::Content(problem)), _) => ImportError::malformed(path, place, problem, MEND),
        (None, Category::Io) => input::told(path, error.into()),
        (None, Category::Eof) => {
            ImportError::malformed(path, place, "the file ends too early", "export it again, or copy it whole")
        }
        (None, Category::Syntax) => ImportError::malformed(path, place, "is no JSON here", MEND),
        (None, Category::Data) => {
            ImportError::malformed(path, place, "holds something else here than an export does", MEND)
        }
    }
}
