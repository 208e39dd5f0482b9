//! The dialog templates: turns become the text a checkpoint was trained on. Knows nothing of the context window.

use maskarad_engine::{Tokenizer, TokenizerError};

use super::arrange::{Side, Turn};
use super::markers::Markers;
use crate::config::persona::{CustomTemplate, LengthClass, Persona, PromptRules, Template};

/// A part of a written prompt: a turn's text, or what the template puts around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// The text.
    pub(super) text: String,
    /// Which turn it is, counted from the first in the prompt; `None` for the template's own.
    pub(super) turn: Option<usize>,
}

/// Writes the prompts of one persona.
pub(super) struct Writer<'a> {
    template: &'a Template,
    rules: &'a PromptRules,
    tokenizer: &'a Tokenizer,
    markers: &'a Markers,
}

impl<'a> Writer<'a> {
    pub(super) fn new(persona: &'a Persona, tokenizer: &'a Tokenizer, markers: &'a Markers) -> Self {
        Self { template: &persona.template, rules: &persona.prompt, tokenizer, markers }
    }

    /// Turns as the manifest's rules and the template want them: each text cleaned, empty ones gone, no more than the
    /// format has room for. What is asked stays even when nothing is left of its text.
    pub(super) fn clean(&self, turns: &[Turn]) -> Vec<Turn> {
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
    pub(super) fn joint(&self) -> char {
        self.rules.joint()
    }

    /// The prompt's text, with every forged marker altered.
    pub(super) fn write<'t>(&self, turns: impl Iterator<Item = &'t Turn>) -> Result<String, TokenizerError> {
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
    pub(super) fn encode<'t>(&self, turns: impl Iterator<Item = &'t Turn>) -> Result<Vec<u32>, TokenizerError> {
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
            let is_last = index + 1 == turns.len();
            let suffix = if is_last { self.rules.suffix.as_str() } else { "" };
            pieces.push(Piece::frame(self.before(turn, suffix)?));
            pieces.push(Piece { text: turn.text.clone(), turn: Some(index) });
            pieces.push(Piece::frame(format!("{suffix}{}", self.template.after(is_last))));
        }
        pieces.push(Piece::frame(self.template.answer()));
        Ok(pieces)
    }

    /// What stands before a turn.
    fn before(&self, turn: &Turn, suffix: &str) -> Result<String, TokenizerError> {
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
    fn frame(text: impl Into<String>) -> Self {
        Self { text: text.into(), turn: None }
    }
}

impl Template {
    /// How many of the newest messages the format has room for.
    fn max_turns(&self) -> Option<usize> {
        match self {
            Self::PromptReply => Some(1),
            Self::Custom(CustomTemplate { max_turns, .. }) => *max_turns,
            Self::Rudialogpt3 { .. } | Self::Rudialogpt | Self::Continuation => None,
        }
    }

    /// Text before everything.
    fn start(&self) -> &str {
        match self {
            Self::PromptReply => "<s>PROMPT: ",
            Self::Custom(custom) => &custom.start,
            Self::Rudialogpt3 { .. } | Self::Rudialogpt | Self::Continuation => "",
        }
    }

    /// Text after a turn.
    fn after(&self, is_last: bool) -> &str {
        match self {
            Self::Rudialogpt3 { .. } => "</s>",
            Self::Rudialogpt => " ",
            Self::Custom(custom) => &custom.separator,
            Self::PromptReply | Self::Continuation => {
                debug_assert!(is_last, "these formats hold one turn");
                ""
            }
        }
    }

    /// Text after which the persona speaks.
    fn answer(&self) -> String {
        match self {
            Self::PromptReply | Self::Continuation => String::new(),
            Self::Rudialogpt3 { answer_length } => format!("|1|{}|", answer_length.as_char()),
            Self::Rudialogpt => "@@ВТОРОЙ@@".to_owned(),
            Self::Custom(custom) => custom.answer_prefix.clone(),
        }
    }
}

impl LengthClass {
    /// The class of a text with so many tokens.
    pub(super) fn of(tokens: usize) -> Self {
        match tokens {
            0..=15 => Self::Short,
            16..=50 => Self::Medium,
            51..=256 => Self::Long,
            _ => Self::Unbounded,
        }
    }

    fn as_char(self) -> char {
        match self {
            Self::Short => '1',
            Self::Medium => '2',
            Self::Long => '3',
            Self::Unbounded => '-',
        }
    }
}
