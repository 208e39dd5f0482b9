//! What evaluation takes from corpora: held-out answers with what they answer, and lines by speakers.

use std::path::Path;

use maskarad_dialog::{Format, Lesson, Markers, Side, Writer};
use maskarad_engine::Tokenizer;

use super::generate::{Context, context};
use super::{EvalError, Options};
use crate::corpus::record::{CorpusError, Reader};
use crate::train::data::told;

/// Held-out dialogues, in the forms they are needed in.
pub(super) struct HeldOut {
    pub(super) hash: String,
    pub(super) dialogues: usize,
    /// Rows of at most as many tokens as the models have positions.
    pub(super) rows: Vec<Lesson>,
    /// All dialogues, one after the other.
    pub(super) text: Vec<u32>,
    pub(super) contexts: Vec<Context>,
}

impl HeldOut {
    pub(super) fn read(
        options: &Options,
        format: &Format,
        tokenizer: &Tokenizer,
        positions: usize,
    ) -> Result<Self, EvalError> {
        let markers = Markers::new(&format.template, tokenizer);
        let writer = Writer::new(&format.template, &format.rules, tokenizer, &markers);
        let mut hasher = blake3::Hasher::new();
        let (mut rows, mut text, mut contexts, mut dialogues) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for dialogue in Reader::open(&options.corpus)? {
            let told = told(&dialogue?, &options.persona);
            dialogues += 1;
            for turn in &told {
                let side = if turn.side == Side::Persona { "p" } else { "o" };
                hasher.update(format!("{side}{}{}\n{}", turn.learned, turn.text.len(), turn.text).as_bytes());
            }
            rows.extend(writer.lessons(&told, positions)?);
            writer.lessons(&told, usize::MAX)?.into_iter().for_each(|lesson| text.extend(lesson.ids));
            contexts.extend(context(&told));
        }
        if rows.is_empty() || contexts.is_empty() {
            return Err(EvalError::NoAnswers(options.corpus.clone()));
        }
        Ok(Self { hash: hasher.finalize().to_string(), dialogues, rows, text, contexts })
    }
}

/// The lines of a corpus that its persona said and that count as its own there: those of the named authors, or else of each
/// dialogue's last speaker.
///
/// # Errors
/// The corpus can't be read.
pub fn answers_of(path: &Path, persona: &[String]) -> Result<Vec<String>, CorpusError> {
    let mut lines = Vec::new();
    for dialogue in Reader::open(path)? {
        let told = told(&dialogue?, persona);
        lines.extend(told.into_iter().filter(|turn| turn.learned && turn.side == Side::Persona).map(|turn| turn.text));
    }
    Ok(lines)
}
