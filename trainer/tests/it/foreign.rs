//! Helpers of the tests of importers: a file in, dialogues out.

use std::path::{Path, PathBuf};

use maskarad_trainer::corpus::import::{Format, ImportError, ImportOptions, ImportReport, import};
use maskarad_trainer::corpus::record::{Dialogue, Reader};
use maskarad_trainer::progress::Silent;

/// A folder of this crate's own samples.
pub(crate) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// What isn't shipped, where it is.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: ../shared not found");
    None
}

pub(crate) fn of(format: Format) -> ImportOptions {
    ImportOptions { format, ..ImportOptions::default() }
}

/// Imports one input.
pub(crate) fn imported(input: &Path, options: &ImportOptions) -> Result<(Vec<Dialogue>, ImportReport), ImportError> {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("corpus.jsonl");
    let report = import(&[input.to_owned()], &output, options, &Silent)?;
    let dialogues = Reader::open(&output).unwrap().collect::<Result<_, _>>().unwrap();
    Ok((dialogues, report))
}

/// Imports text as a file of this name.
pub(crate) fn of_text(
    name: &str,
    text: impl AsRef<[u8]>,
    options: &ImportOptions,
) -> Result<(Vec<Dialogue>, ImportReport), ImportError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    imported(&path, options)
}

/// A dialogue in a line: texts, those of context in brackets.
pub(crate) fn shown(dialogues: &[Dialogue]) -> Vec<String> {
    let turn = |turn: &maskarad_trainer::corpus::record::Turn| {
        let said = format!("{}: {}", turn.author.id, turn.text.replace('\n', "/"));
        if turn.context { format!("[{said}]") } else { said }
    };
    dialogues.iter().map(|dialogue| dialogue.turns.iter().map(turn).collect::<Vec<_>>().join(" | ")).collect()
}

/// What a bad file is answered with; earlier outputs stay and nothing is left behind.
pub(crate) fn refused(name: &str, text: impl AsRef<[u8]>, options: &ImportOptions) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join(name), folder.path().join("corpus.jsonl"));
    std::fs::write(&input, text).unwrap();
    std::fs::write(&output, "earlier").unwrap();
    let error = import(&[input], &output, options, &Silent).expect_err("it is malformed").to_string();
    assert_eq!(std::fs::read_to_string(&output).unwrap(), "earlier");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "something was left behind");
    let folder = format!("{}/", folder.path().display());
    error.strip_prefix(&folder).map(str::to_owned).unwrap_or(error)
}
