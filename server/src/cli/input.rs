//! Lines from a terminal, with editing and history, or from a pipe.

use std::io::{IsTerminal, Stdin};

use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;

/// Where lines come from.
pub(super) enum Input {
    Terminal(Box<DefaultEditor>),
    Pipe(Stdin),
}

impl Input {
    /// Standard input.
    pub(super) fn open() -> Result<Self, ReadlineError> {
        if std::io::stdin().is_terminal() {
            Ok(Self::Terminal(Box::new(DefaultEditor::new()?)))
        } else {
            Ok(Self::Pipe(std::io::stdin()))
        }
    }

    /// The next line; `None` at the end, or when the person has had enough.
    pub(super) fn read(&mut self, prompt: &str) -> anyhow::Result<Option<String>> {
        match self {
            Self::Terminal(editor) => match editor.readline(prompt) {
                Ok(line) => {
                    editor.add_history_entry(line.as_str())?;
                    Ok(Some(line))
                }
                Err(ReadlineError::Eof | ReadlineError::Interrupted) => Ok(None),
                Err(error) => Err(error.into()),
            },
            Self::Pipe(stdin) => {
                let mut line = Vec::new();
                let read = std::io::BufRead::read_until(&mut stdin.lock(), b'\n', &mut line)?;
                Ok((read > 0).then(|| String::from_utf8_lossy(&line).into_owned()))
            }
        }
    }
}
