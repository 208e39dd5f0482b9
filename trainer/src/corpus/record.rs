//! The canonical corpus: a dialogue in a line of JSON, `*.jsonl`, UTF-8.
//!
//! A dialogue's turns stand oldest first. A turn is learned where it stands as itself; where it is repeated only because a
//! later one answers it, it is marked `context`. So every message of a chat counts once, however many answers it got.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::files::{AtomicFile, FileError};

/// The longest line that is read, in bytes: longer ones are something else.
const LONGEST_LINE: u64 = 16 << 20;

/// Turns that belong together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dialogue {
    /// Where it comes from: `telegram:1234567`, `board:b/123456`, `play:gogol-revizor`, a file's name.
    pub source: String,
    /// Oldest first; never empty.
    pub turns: Vec<Turn>,
    /// How toxic the last turn is, 0 to 1, once the filter has looked at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toxicity: Option<f32>,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// Who wrote it.
    pub author: Author,
    /// When, with the offset of the writer's clock where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    pub time: Option<OffsetDateTime>,
    /// What was written; never empty.
    pub text: String,
    /// Whether it stands here only as context of what follows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub context: bool,
}

/// Who wrote a turn.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Author {
    /// What tells them from others within their source: `user123`, `channel55`, `anon`, a role of a play.
    pub id: String,
    /// What they are called, where that is known and something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Author {
    /// Whether `--author WHO` means this one: by id, or by name.
    #[must_use]
    pub fn is(&self, who: &str) -> bool {
        self.id == who || self.name.as_deref() == Some(who)
    }
}

/// What is wrong with a corpus.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// It can't be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A line isn't a dialogue.
    #[error("{}:{line}: {problem}; expected a dialogue as `maskarad corpus import` writes it", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Which line, from one.
        line: u64,
        /// What is wrong; names no text of the line.
        problem: String,
    },
}

/// The dialogues of a corpus, one after the other.
#[derive(Debug)]
pub struct Reader<R> {
    path: PathBuf,
    lines: R,
    line: u64,
    buffer: Vec<u8>,
}

impl Reader<BufReader<std::fs::File>> {
    /// Opens a corpus.
    ///
    /// # Errors
    /// It can't be opened.
    pub fn open(path: &Path) -> Result<Self, CorpusError> {
        let file = std::fs::File::open(path).map_err(FileError::at(path))?;
        Ok(Self::new(path, BufReader::with_capacity(1 << 18, file)))
    }
}

impl<R: BufRead> Reader<R> {
    /// Reads from `lines`; `path` is for errors.
    pub fn new(path: &Path, lines: R) -> Self {
        Self { path: path.to_owned(), lines, line: 0, buffer: Vec::new() }
    }

    /// The number of the line that was read last, from one.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    fn read_line(&mut self) -> Result<bool, CorpusError> {
        self.buffer.clear();
        self.line += 1;
        let mut limited = (&mut self.lines).take(LONGEST_LINE);
        let read = limited.read_until(b'\n', &mut self.buffer).map_err(FileError::at(&self.path))?;
        if read as u64 == LONGEST_LINE && self.buffer.last() != Some(&b'\n') {
            return Err(self.complaint(format!("is longer than {LONGEST_LINE} bytes")));
        }
        Ok(read > 0)
    }

    fn complaint(&self, problem: String) -> CorpusError {
        CorpusError::Line { path: self.path.clone(), line: self.line, problem }
    }

    fn parse(&self) -> Result<Dialogue, CorpusError> {
        let dialogue: Dialogue = serde_json::from_slice(&self.buffer).map_err(|error| {
            // serde repeats unknown field names and bad values; only what and where is told here.
            let category = match error.classify() {
                serde_json::error::Category::Data => "has a wrong, unknown or missing field",
                serde_json::error::Category::Eof => "ends too early",
                serde_json::error::Category::Syntax | serde_json::error::Category::Io => "is no JSON",
            };
            self.complaint(format!("{category} (column {})", error.column()))
        })?;
        if dialogue.turns.is_empty() {
            return Err(self.complaint("has no turns".to_owned()));
        }
        Ok(dialogue)
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Dialogue, CorpusError>;

    /// Blank lines are skipped.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.read_line() {
                Err(error) => return Some(Err(error)),
                Ok(false) => return None,
                Ok(true) if self.buffer.trim_ascii().is_empty() => {}
                Ok(true) => return Some(self.parse()),
            }
        }
    }
}

/// Writes a corpus, which stands at its path only once it is whole.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    file: AtomicFile,
}

impl Writer {
    /// Begins a corpus.
    ///
    /// # Errors
    /// As [`AtomicFile::create`].
    pub fn create(path: &Path) -> Result<Self, FileError> {
        Ok(Self { path: path.to_owned(), file: AtomicFile::create(path)? })
    }

    /// Adds a dialogue.
    ///
    /// # Errors
    /// The disk is full, say.
    pub fn write(&mut self, dialogue: &Dialogue) -> Result<(), FileError> {
        let failed = FileError::at(&self.path);
        serde_json::to_writer(&mut self.file, dialogue)
            .map_err(std::io::Error::from)
            .and_then(|()| self.file.write_all(b"\n"))
            .map_err(failed)
    }

    /// Puts it in its place.
    ///
    /// # Errors
    /// As [`AtomicFile::commit`].
    pub fn commit(self) -> Result<(), FileError> {
        self.file.commit()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn dialogue() -> Dialogue {
        let author = |id: &str| Author { id: id.to_owned(), name: None };
        let question = Turn {
            author: author("user1"),
            time: Some(datetime!(2024-01-02 23:59:58 +3)),
            text: "ты где?".to_owned(),
            context: true,
        };
        let answer = Turn { author: author("user2"), time: None, text: "тут\n\"я\"".to_owned(), context: false };
        Dialogue { source: "telegram:1".to_owned(), turns: vec![question, answer], toxicity: Some(0.25) }
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.jsonl");
        let mut writer = Writer::create(&path).unwrap();
        writer.write(&dialogue()).unwrap();
        writer.write(&dialogue()).unwrap();
        writer.commit().unwrap();
        let read: Result<Vec<_>, _> = Reader::open(&path).unwrap().collect();
        assert_eq!(read.unwrap(), [dialogue(), dialogue()]);
    }

    #[test]
    fn a_bad_line_is_named_and_not_repeated() {
        let whole = serde_json::to_string(&dialogue()).unwrap();
        for bad in ["{\"secret\":1}", "{", "[]", "тайна", "{\"source\":\"x\",\"turns\":[]}"] {
            let text = format!("{whole}\n\n{bad}\n");
            let error = Reader::new(Path::new("c.jsonl"), text.as_bytes()).nth(1).unwrap().unwrap_err().to_string();
            assert!(error.starts_with("c.jsonl:3: "), "{error}");
            assert!(!error.contains("secret") && !error.contains("тайна"), "{error}");
        }
    }
}
