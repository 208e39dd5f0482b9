//! Plain text: dialogues between separators, a line for each turn; or whole texts between separators.
//!
//! Where lines of a dialogue begin with a dash, each of these begins a turn and the others go on with it.

use std::path::{Path, PathBuf};

use super::lines::Lines;
use super::{Dropped, ImportError, ImportOptions, Place, Sink, turns};

/// No text between two separators is longer, in bytes.
const LONGEST: usize = 16 << 20;

/// How plain text is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The line that stands between dialogues; empty: a blank line.
    pub separator: String,
    /// What stands between two separators is one text, not turns.
    pub whole: bool,
}

/// Reads a file.
///
/// # Errors
/// It can't be read, isn't UTF-8, or has no separator for very long.
pub fn read(path: &Path, options: &ImportOptions, dropped: &mut Dropped, sink: &mut Sink) -> Result<(), ImportError> {
    let separator = options.plain.separator.trim();
    let mut lines = Lines::open(path)?;
    let mut block = Block {
        path: path.to_owned(),
        source: turns::name_of(path),
        whole: options.plain.whole,
        lines: Vec::new(),
        length: 0,
    };
    loop {
        let line = lines.next()?.map(|line| line.trim().to_owned());
        match line {
            None => break,
            Some(line) if line == separator => block.end(dropped, sink)?,
            Some(line) => block.add(line, lines.number())?,
        }
    }
    block.end(dropped, sink)
}

/// Lines since the last separator.
struct Block {
    path: PathBuf,
    source: String,
    whole: bool,
    lines: Vec<String>,
    length: usize,
}

impl Block {
    fn add(&mut self, line: String, number: u64) -> Result<(), ImportError> {
        self.length += line.len() + size_of::<String>();
        if self.length > LONGEST {
            let problem = format!("no separator in more than {LONGEST} bytes");
            return Err(ImportError::malformed(
                &self.path,
                Place::Line(number),
                problem,
                "name the right one with --separator",
            ));
        }
        self.lines.push(line);
        Ok(())
    }

    fn end(&mut self, dropped: &mut Dropped, sink: &mut Sink) -> Result<(), ImportError> {
        let lines = std::mem::take(&mut self.lines);
        self.length = 0;
        if lines.iter().all(String::is_empty) {
            return Ok(());
        }
        let texts = if self.whole { vec![lines.join("\n")] } else { spoken(lines, dropped) };
        if let Some(dialogue) = turns::dialogue(&self.source, texts, dropped) {
            sink(dialogue)?;
        }
        Ok(())
    }
}

/// The turns of a dialogue's lines.
fn spoken(lines: Vec<String>, dropped: &mut Dropped) -> Vec<String> {
    if !lines.iter().any(|line| after_dash(line).is_some()) {
        return lines.into_iter().filter(|line| !line.is_empty()).collect();
    }
    let mut turns: Vec<String> = Vec::new();
    for line in lines {
        match (after_dash(&line), turns.last_mut()) {
            (Some(said), _) => turns.push(said.to_owned()),
            (None, Some(turn)) => {
                turn.push('\n');
                turn.push_str(&line);
            }
            (None, None) => dropped.count("line before the first turn"),
        }
    }
    turns
}

/// What is said in a line of direct speech.
fn after_dash(line: &str) -> Option<&str> {
    let said = line.strip_prefix(['-', '–', '—', '―', '−'])?;
    (said.is_empty() || said.starts_with(char::is_whitespace)).then(|| said.trim_start())
}
