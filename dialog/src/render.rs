//! The dialog templates: turns become the text a checkpoint was trained on. Knows nothing of the context window.

use maskarad_engine::{Tokenizer, TokenizerError};

use crate::{LengthClass, Markers, PromptRules, Side, Template, Turn};

/// A part of a written prompt: a turn's text, or what the template puts around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The text.
    pub(crate) text: String,
    /// Which turn it is, counted from the first in the prompt; `None` for the template's own.
    pub(crate) turn: Option<usize>,
}

/// Writes the conversations of one persona for one tokenizer.
pub struct Writer<'a> {
    pub(crate) template: &'a Template,
    pub(crate) rules: &'a PromptRules,
    pub(crate) tokenizer: &'a Tokenizer,
    pub(crate) markers: &'a Markers,
}

impl<'a> Writer<'a> {
    /// `markers` are those of this template and tokenizer; making them takes time, so the caller keeps them.
    pub fn new(template: &'a Template, rules: &'a PromptRules, tokenizer: &'a Tokenizer, markers: &'a Markers) -> Self {
        Self { template, rules, tokenizer, markers }
    }

    /// Turns as the manifest's rules and the template want them: each text cleaned, empty ones gone, no more than the
    /// format has room for. What is asked stays even when nothing is left of its text.
    pub(crate) fn clean(&self, turns: &[Turn]) -> Vec<Turn> {
        let cleaned = turns.iter().map(|turn| Turn { text: self.rules.apply(&turn.text), ..turn.clone() });
        let mut turns: Vec<Turn> = cleaned.filter(|turn| !turn.text.is_empty()).collect();
        if turns.last().is_none_or(|turn| turn.side == Side::Persona) {
            turns.push(Turn::asked(""));
        }
        match self.template.max_turns() {
            Some(1) => turns.retain(|turn| turn.asked),
            Some(most) => drop(turns.drain(..turns.len().saturating_sub(most))),
            None => {}
        }
        if turns.is_empty() {
            turns.push(Turn::asked(""));
        }
        turns
    }

    /// What stands between two messages of one side.
    pub(crate) fn joint(&self) -> char {
        self.rules.joint()
    }

    /// The prompt's text, with every forged marker altered.
    pub(crate) fn write<'t>(&self, turns: impl Iterator<Item = &'t Turn>) -> Result<String, TokenizerError> {
        let mut turns = self.merge(turns);
        loop {
            let pieces = self.pieces(&turns)?;
            let insertions = self.markers.insertions(&pieces);
            if insertions.is_empty() {
                return Ok(pieces.into_iter().map(|piece| piece.text).collect());
            }
            // Back to front, so that the places still to come stay where they are.
            for insertion in insertions.iter().rev() {
                turns[insertion.turn].text.insert(insertion.at, ' ');
            }
        }
    }

    /// Token ids of the prompt, encoded in one go.
    pub(crate) fn encode<'t>(&self, turns: impl Iterator<Item = &'t Turn>) -> Result<Vec<u32>, TokenizerError> {
        self.tokenizer.encode(&self.write(turns)?)
    }

    /// Joins neighbours on one side; a continuation has no sides.
    fn merge<'t>(&self, turns: impl Iterator<Item = &'t Turn>) -> Vec<Turn> {
        let mut merged: Vec<Turn> = Vec::new();
        for turn in turns {
            match merged.last_mut() {
                Some(last) if last.side == turn.side || *self.template == Template::Continuation => {
                    last.text.push(self.joint());
                    last.text.push_str(&turn.text);
                }
                _ => merged.push(turn.clone()),
            }
        }
        for turn in &mut merged {
            turn.text = self.markers.blank(&turn.text);
        }
        merged
    }

    /// The written prompt in parts.
    fn pieces(&self, turns: &[Turn]) -> Result<Vec<Piece>, TokenizerError> {
        let mut pieces = vec![Piece::frame(self.template.start())];
        for (index, turn) in turns.iter().enumerate() {
            pieces.extend(self.turn(index, turn, index + 1 == turns.len())?);
        }
        pieces.push(Piece::frame(self.template.answer()));
        Ok(pieces)
    }

    /// One turn in parts: what stands before it, its text, what stands after it.
    pub(crate) fn turn(&self, index: usize, turn: &Turn, is_last: bool) -> Result<[Piece; 3], TokenizerError> {
        let suffix = if is_last { self.rules.suffix.as_str() } else { "" };
        Ok([
            Piece::frame(self.before(turn, suffix)?),
            Piece { text: turn.text.clone(), turn: Some(index) },
            Piece::frame(format!("{suffix}{}", self.template.after(is_last))),
        ])
    }

    /// What stands before a turn.
    pub(crate) fn before(&self, turn: &Turn, suffix: &str) -> Result<String, TokenizerError> {
        Ok(match (self.template, turn.side) {
            (Template::PromptReply | Template::Continuation, _) => String::new(),
            (Template::Rudialogpt, Side::Others) => "@@ПЕРВЫЙ@@ ".to_owned(),
            (Template::Rudialogpt, Side::Persona) => "@@ВТОРОЙ@@ ".to_owned(),
            (Template::Rudialogpt3 { .. }, side) => {
                let length = LengthClass::of(self.tokenizer.token_count(&format!("{}{suffix}", turn.text))?);
                let speaker = if side == Side::Persona { 1 } else { 0 };
                format!("|{speaker}|{}|", length.as_char())
            }
            (Template::Custom(custom), Side::Others) => custom.user_prefix.clone(),
            (Template::Custom(custom), Side::Persona) => custom.persona_prefix.clone(),
        })
    }
}

impl Piece {
    pub(crate) fn frame(text: impl Into<String>) -> Self {
        Self { text: text.into(), turn: None }
    }
}
