//! JSON lines of `{"play": "…", "speaker": "…", "text": "…"}`: everything said in a play, in its order.
//!
//! What one speaker says in a row is one turn. Each turn answers those before it.

use std::collections::VecDeque;
use std::path::Path;

use serde::Deserialize;

use super::lines::Lines;
use super::pairing::JOINED;
use super::{Dropped, ImportError, ImportOptions, Sink, json};
use crate::corpus::record::{Author, Dialogue, Turn};
use crate::files::FileError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Utterance {
    play: String,
    speaker: String,
    text: String,
}

/// Reads a file.
///
/// # Errors
/// It can't be read, or a line is something else.
pub fn read(path: &Path, options: &ImportOptions, dropped: &mut Dropped, sink: &mut Sink) -> Result<(), ImportError> {
    let mut lines = Lines::open(path)?;
    let mut scene = Scene { context: options.rules.context, ..Scene::default() };
    while let Some(line) = lines.next()? {
        if line.trim().is_empty() {
            continue;
        }
        let parsed = serde_json::from_str::<Utterance>(line);
        let number = lines.number();
        let utterance = parsed.map_err(|error| {
            json::malformed(path, &error, number, "write each line as {\"play\": …, \"speaker\": …, \"text\": …}")
        })?;
        scene.hear(utterance, dropped, sink)?;
    }
    scene.end(dropped, sink)?;
    Ok(())
}

/// The last turns of a play. The newest may still grow.
#[derive(Default)]
struct Scene {
    play: String,
    context: usize,
    turns: VecDeque<Turn>,
    /// Turns of this play that are over.
    told: u64,
}

impl Scene {
    fn hear(&mut self, said: Utterance, dropped: &mut Dropped, sink: &mut Sink) -> Result<(), FileError> {
        let text = said.text.trim();
        if text.is_empty() {
            dropped.count("utterance without text");
            return Ok(());
        }
        if said.speaker.trim().is_empty() {
            dropped.count("utterance without a speaker");
            return Ok(());
        }
        if said.play != self.play {
            self.end(dropped, sink)?;
            self.play.clone_from(&said.play);
        }
        if let Some(last) = self.turns.back_mut().filter(|last| last.author.id == said.speaker) {
            last.text.push('\n');
            last.text.push_str(text);
            dropped.count(JOINED);
            return Ok(());
        }
        self.tell(sink)?;
        let author = Author { id: said.speaker, name: None };
        self.turns.push_back(Turn { author, time: None, text: text.to_owned(), context: false });
        Ok(())
    }

    /// The newest turn is over: it answers those before it. The play's first is learned where it is answered first, unless
    /// all stand alone.
    fn tell(&mut self, sink: &mut Sink) -> Result<(), FileError> {
        if self.turns.is_empty() {
            return Ok(());
        }
        self.told += 1;
        if self.told > 1 || self.context == 0 {
            let turns = self.turns.iter().cloned().collect();
            sink(Dialogue { source: format!("play:{}", self.play), turns, toxicity: None })?;
            self.turns.iter_mut().for_each(|turn| turn.context = true);
        }
        if self.turns.len() > self.context {
            self.turns.pop_front();
        }
        Ok(())
    }

    /// The play is over.
    fn end(&mut self, dropped: &mut Dropped, sink: &mut Sink) -> Result<(), FileError> {
        self.tell(sink)?;
        if self.told == 1 && self.context > 0 {
            dropped.count("utterance that answers none and has no answer");
        }
        self.turns.clear();
        self.told = 0;
        Ok(())
    }
}
