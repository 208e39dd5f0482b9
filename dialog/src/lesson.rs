//! What a checkpoint learns from a dialogue: the very text that a prompt of the same turns would be, then the answer and
//! the end of text, encoded once and as a whole.
//!
//! A row of training begins with the ids of the prompt that asks for its answer. That can't hold where the tokenizer joins
//! the prompt's last character with the answer's first: `|1|2|` of `rudialogpt3` and an answer that begins with `...` share
//! a token when they are encoded together. Checkpoints in the wild were trained on such joined tokens too, and none of them
//! counts as the answer's. Knows no files and no batches.

mod row;

use maskarad_engine::{Tokenizer, TokenizerError};

use crate::{Side, Template, Writer};

/// A message as training data has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Who said it.
    pub side: Side,
    /// What was said.
    pub text: String,
    /// Whether it is to be learned here, rather than read as context. Counts for the persona's own turns; where a template
    /// has no sides, for all.
    pub learned: bool,
}

/// A row of training.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lesson {
    /// Token ids.
    pub ids: Vec<u32>,
    /// For each id, whether the answer has it: as text, or as what ends it.
    pub answer: Vec<bool>,
}

/// Why a dialogue can't be learned.
#[derive(Debug, thiserror::Error)]
pub enum LessonError {
    /// The tokenizer could not encode the text.
    #[error("a dialogue can't be encoded: {0}")]
    Encode(#[from] TokenizerError),
    /// The tokenizer has no token to end an answer with.
    #[error("the tokenizer has neither `</s>` nor `<|endoftext|>` among its special tokens, so no answer could end")]
    NoEnd,
}

/// The token that ends a text.
#[must_use]
pub fn end_of_text(tokenizer: &Tokenizer) -> Option<&'static str> {
    let added = tokenizer.added_tokens();
    ["</s>", "<|endoftext|>"].into_iter().find(|end| added.iter().any(|(token, _)| token == end))
}

impl Writer<'_> {
    /// The rows to learn a dialogue from, of at most `most` tokens each. Every learned turn is learned once: from one row
    /// for all, where the template can hold a dialogue and it fits; where it doesn't, from further rows that begin later, at
    /// a turn. An answer that alone is too long keeps its beginning.
    ///
    /// # Errors
    /// A tokenizer that can't encode the text, or has nothing to end it with.
    pub fn lessons(&self, turns: &[Told], most: usize) -> Result<Vec<Lesson>, LessonError> {
        let end = end_of_text(self.tokenizer).ok_or(LessonError::NoEnd)?;
        let clean = |turn: &Told| Told { text: self.rules.apply(&turn.text), ..turn.clone() };
        let turns: Vec<Told> = turns.iter().map(clean).filter(|turn| !turn.text.is_empty()).collect();
        let mut lessons = match self.template {
            Template::Continuation => self.passages(&turns, most, end)?,
            _ => self.answers(&turns, most, end)?,
        };
        lessons.reverse();
        lessons.retain(|lesson| lesson.answer.contains(&true));
        Ok(lessons)
    }

    /// Rows of a template without sides, the last first.
    fn passages(&self, turns: &[Told], most: usize, end: &str) -> Result<Vec<Lesson>, LessonError> {
        let (mut lessons, mut until) = (Vec::new(), turns.len());
        while until > 0 {
            let starts: Vec<usize> = (0..until).collect();
            let (start, lesson) = earliest(&starts, most, |start| self.row(&turns[start..until], end))?;
            lessons.extend(lesson.chunks(most).rev());
            until = start;
        }
        Ok(lessons)
    }

    /// Rows of a template with sides, the last first.
    fn answers(&self, turns: &[Told], most: usize, end: &str) -> Result<Vec<Lesson>, LessonError> {
        let whole = self.template.holds_dialogues() && self.rules.suffix.is_empty();
        let (mut lessons, mut until) = (Vec::new(), turns.len());
        while let Some((first, last)) = last_answer(&turns[..until]) {
            let starts = self.starts(turns, first, whole);
            let row = |start: usize| {
                let mut row = turns[start..last].to_vec();
                // Where past turns aren't written as answers, only the last is learned.
                let context = if whole { own_turns(&row) } else { first - start };
                row[..context].iter_mut().for_each(|turn| turn.learned = false);
                self.row(&row, end)
            };
            let (start, lesson) = earliest(&starts, most, row)?;
            lessons.push(lesson.cut(most));
            until = if whole { start + own_turns(&turns[start..first]) } else { first };
        }
        Ok(lessons)
    }

    /// Where a row for the answer at `first` may begin: at each change of sides, or at any message of its question.
    fn starts(&self, turns: &[Told], first: usize, whole: bool) -> Vec<usize> {
        let reach = self.template.max_turns().filter(|_| !whole).unwrap_or(first);
        let question = first - turns[..first].iter().rev().take_while(|turn| turn.side == Side::Others).count();
        let begins = |at: &usize| *at >= question || *at == 0 || turns[*at - 1].side != turns[*at].side;
        let earliest = first.saturating_sub(reach);
        (earliest..first).filter(|at| *at == earliest || begins(at)).collect()
    }
}

/// How many turns the persona begins with: nothing was asked before them, so they are context.
fn own_turns(turns: &[Told]) -> usize {
    turns.iter().take_while(|turn| turn.side == Side::Persona).count()
}

/// The last run of the persona's turns, of which some are learned, that follows a question.
fn last_answer(turns: &[Told]) -> Option<(usize, usize)> {
    let last = turns.iter().rposition(|turn| turn.learned && turn.side == Side::Persona)?;
    let first = turns[..last].iter().rposition(|turn| turn.side == Side::Others)? + 1;
    Some((first, last + 1))
}

/// The row from the earliest of `starts` whose tokens are at most `most`; or else from the last.
fn earliest(
    starts: &[usize],
    most: usize,
    row: impl Fn(usize) -> Result<Lesson, LessonError>,
) -> Result<(usize, Lesson), LessonError> {
    let lesson = row(starts[0])?;
    if lesson.ids.len() <= most || starts.len() == 1 {
        return Ok((starts[0], lesson));
    }
    let (mut too_long, mut fits) = (0, starts.len() - 1);
    let mut found = row(starts[fits])?;
    while too_long + 1 < fits {
        let middle = too_long.midpoint(fits);
        let lesson = row(starts[middle])?;
        if lesson.ids.len() <= most {
            (fits, found) = (middle, lesson);
        } else {
            too_long = middle;
        }
    }
    Ok((starts[fits], found))
}

impl Lesson {
    /// Its first `most` tokens.
    fn cut(mut self, most: usize) -> Self {
        self.ids.truncate(most);
        self.answer.truncate(most);
        self
    }

    /// Pieces of at most `most` tokens.
    fn chunks(&self, most: usize) -> impl DoubleEndedIterator<Item = Self> {
        let ids = self.ids.chunks(most.max(1));
        ids.zip(self.answer.chunks(most.max(1)))
            .map(|(ids, answer)| Self { ids: ids.to_vec(), answer: answer.to_vec() })
    }
}
