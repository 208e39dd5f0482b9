//! One row of training: its text, and which bytes of it the persona learns.

use std::ops::Range;

use maskarad_engine::TokenizerError;

use super::{Lesson, LessonError, Told};
use crate::markers::Insertion;
use crate::render::Piece;
use crate::{LengthClass, Side, Template, Turn, Writer};

/// Neighbours on one side, and which bytes of their text are learned.
struct Block {
    turn: Turn,
    learned: Vec<Range<usize>>,
}

/// The row in parts.
struct Parts {
    pieces: Vec<Piece>,
    /// Bytes of the whole text.
    learned: Vec<Range<usize>>,
}

impl Writer<'_> {
    /// The row of a dialogue that ends with an answer.
    pub(super) fn row(&self, turns: &[Told], end: &str) -> Result<Lesson, LessonError> {
        let mut blocks = self.blocks(turns);
        let parts = loop {
            let parts = self.parts(&blocks, end)?;
            let insertions = self.markers.insertions(&parts.pieces);
            if insertions.is_empty() {
                break parts;
            }
            // Back to front, so that the places still to come stay where they are.
            insertions.iter().rev().for_each(|insertion| blocks[insertion.turn].insert(insertion));
        };
        let text: String = parts.pieces.into_iter().map(|piece| piece.text).collect();
        let tokens = self.tokenizer.encode_with_offsets(&text)?;
        let learned = |place: &Range<usize>| parts.learned.iter().any(|range| range.contains(&place.start));
        let answer = tokens.iter().map(|(_, place)| learned(place)).collect();
        Ok(Lesson { ids: tokens.into_iter().map(|(id, _)| id).collect(), answer })
    }

    /// Joins neighbours on one side; a continuation has no sides.
    fn blocks(&self, turns: &[Told]) -> Vec<Block> {
        let joint = self.markers.blank(&self.joint().to_string());
        let sideless = *self.template == Template::Continuation;
        let mut blocks: Vec<Block> = Vec::new();
        for told in turns {
            let text = self.markers.blank(&told.text);
            let learned = told.learned && (sideless || told.side == Side::Persona);
            match blocks.last_mut() {
                Some(last) if sideless || last.turn.side == told.side => {
                    let from = last.turn.text.len();
                    last.turn.text += &joint;
                    last.turn.text += &text;
                    last.learned.extend(learned.then_some(from..last.turn.text.len()));
                }
                _ => {
                    let learned = learned.then_some(0..text.len()).into_iter().collect();
                    blocks.push(Block { turn: Turn::earlier(told.side, text), learned });
                }
            }
        }
        blocks
    }

    /// All turns as a prompt has them, but the last: that is the answer.
    fn parts(&self, blocks: &[Block], end: &str) -> Result<Parts, TokenizerError> {
        let mut parts = Parts { pieces: vec![Piece::frame(self.template.start())], learned: Vec::new() };
        let mut at = parts.pieces[0].text.len();
        for (index, block) in blocks.iter().enumerate() {
            let pieces = self.turn_or_answer(blocks, index, end)?;
            let [before, text, after] = &pieces;
            let own = at + before.text.len()..at + before.text.len() + text.text.len();
            let begins = own.start - (before.text.len() - self.asked_for(&before.text));
            let ends = own.end + self.reply_end(&after.text, blocks.get(index + 1), end)?;
            parts.learned.extend(block.learned.iter().map(|range| {
                let from = if range.start == 0 { begins } else { own.start + range.start };
                let until = if range.end == text.text.len() { ends } else { own.start + range.end };
                from..until
            }));
            at = own.end + after.text.len();
            parts.pieces.extend(pieces);
        }
        Ok(parts)
    }

    fn turn_or_answer(&self, blocks: &[Block], index: usize, end: &str) -> Result<[Piece; 3], TokenizerError> {
        let turn = &blocks[index].turn;
        if index + 1 < blocks.len() {
            return self.turn(index, turn, index + 2 == blocks.len());
        }
        let text = Piece { text: turn.text.clone(), turn: Some(index) };
        Ok([Piece::frame(self.answer_frame(turn)?), text, Piece::frame(self.end_frame(end))])
    }

    /// What stands before an answer that is learned: what the prompt ends with, and what the model puts before its words.
    fn answer_frame(&self, answer: &Turn) -> Result<String, TokenizerError> {
        Ok(match self.template {
            Template::PromptReply => "\nREPLY: ".to_owned(),
            Template::Continuation => String::new(),
            Template::Rudialogpt3 { .. } => {
                let length = LengthClass::of(self.tokenizer.token_count(&answer.text)?);
                format!("|1|{}|", length.as_char())
            }
            Template::Custom(custom) if !custom.persona_prefix.starts_with(&custom.answer_prefix) => {
                custom.answer_prefix.clone()
            }
            Template::Rudialogpt | Template::Custom(_) => self.before(answer, "")?,
        })
    }

    /// How much of the frame before an answer the prompt has already.
    fn asked_for(&self, frame: &str) -> usize {
        let prompt_has = match self.template {
            Template::PromptReply | Template::Continuation => 0,
            Template::Rudialogpt3 { .. } => frame.len(),
            Template::Rudialogpt | Template::Custom(_) => self.template.answer().len(),
        };
        prompt_has.min(frame.len())
    }

    /// What stands after the last answer.
    fn end_frame(&self, end: &str) -> String {
        let own = match self.template {
            Template::PromptReply | Template::Continuation | Template::Rudialogpt => "",
            Template::Rudialogpt3 { .. } | Template::Custom(_) => self.template.after(true),
        };
        if own.ends_with(end) { own.to_owned() } else { format!("{own}{end}") }
    }

    /// How much of what follows an answer ends it: all, where nothing else does; else up to the first stop, or the turn's
    /// own end.
    fn reply_end(&self, after: &str, next: Option<&Block>, end: &str) -> Result<usize, TokenizerError> {
        let Some(next) = next else { return Ok(after.len()) };
        let follows = format!("{after}{}", self.before(&next.turn, "")?);
        let stops = self.template.stop_markers().into_iter().chain([end]);
        let ends = stops.filter_map(|stop| follows.find(stop).map(|at| at + stop.len()));
        Ok(ends.min().unwrap_or(after.len()))
    }
}

impl Block {
    /// Inserts a space that keeps a text from reading like a marker.
    fn insert(&mut self, insertion: &Insertion) {
        self.turn.text.insert(insertion.at, ' ');
        for range in &mut self.learned {
            range.start += usize::from(range.start > insertion.at);
            range.end += usize::from(range.end >= insertion.at);
        }
    }
}
