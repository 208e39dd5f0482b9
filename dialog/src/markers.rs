//! What in a text would read as a turn of the dialog or as a special token, and how it is made harmless.
//!
//! A text is altered by inserting spaces, never by deleting: what is deleted could leave another marker behind. The search
//! runs over the whole prompt, so that a marker can't be put together from two messages or from a message and its frame.

use maskarad_engine::Tokenizer;

use crate::render::Piece;
use crate::{CustomTemplate, Template};

/// Markers of the template and special tokens of the tokenizer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Markers {
    /// At least two characters each, as written.
    strings: Vec<String>,
    /// The same, folded for comparison.
    folded: Vec<Vec<char>>,
    /// Single characters that bound turns; a text gets a space instead of them.
    blanked: Vec<char>,
    /// Whether a line break bounds turns; a text gets a space instead.
    one_line: bool,
}

/// A place in a turn's text where a space belongs.
pub(crate) struct Insertion {
    /// Which turn.
    pub(crate) turn: usize,
    /// Where, in bytes.
    pub(crate) at: usize,
}

impl Markers {
    /// The markers of a template together with every added token of its tokenizer.
    pub fn new(template: &Template, tokenizer: &Tokenizer) -> Self {
        let tokens = tokenizer.added_tokens().into_iter().map(|(token, _)| token);
        Self::of_template(template).with_strings(tokens)
    }

    /// The template's own markers only.
    pub(crate) fn of_template(template: &Template) -> Self {
        let own: Vec<String> = match template {
            Template::PromptReply => vec!["PROMPT:".to_owned(), "REPLY:".to_owned()],
            Template::Rudialogpt3 { .. } => {
                let speakers = ['0', '1'];
                let frame = |speaker| ['1', '2', '3', '-'].map(|length| format!("|{speaker}|{length}|"));
                speakers.into_iter().flat_map(frame).collect()
            }
            Template::Rudialogpt => vec!["@@ПЕРВЫЙ@@".to_owned(), "@@ВТОРОЙ@@".to_owned()],
            Template::Continuation => Vec::new(),
            Template::Custom(custom) => return Self::of_custom(custom),
        };
        Self::default().with_strings(own)
    }

    fn of_custom(custom: &CustomTemplate) -> Self {
        let parts = [&custom.separator, &custom.user_prefix, &custom.persona_prefix, &custom.answer_prefix];
        let cores = parts.map(|part| part.trim());
        let mut markers = Self::default().with_strings(cores.map(str::to_owned));
        let short = |core: &str| core.chars().count() < 2;
        let [separator, prefixes @ ..] = cores;
        if short(separator) && prefixes.into_iter().any(short) {
            // Turns are told apart by what is too short to be sought: a line break, a dash, nothing at all.
            let bounds = custom.separator.clone() + &custom.user_prefix + &custom.persona_prefix;
            markers.one_line = bounds.contains('\n');
            let single = cores.into_iter().filter(|core| short(core)).flat_map(str::chars);
            markers.blanked = single.filter(|c| !markers.one_line && !c.is_alphanumeric()).collect();
        }
        markers
    }

    fn with_strings(mut self, strings: impl IntoIterator<Item = String>) -> Self {
        for text in strings {
            let text = text.trim();
            if text.chars().count() >= 2 && !self.strings.iter().any(|known| known == text) {
                self.strings.push(text.to_owned());
                self.folded.push(text.chars().map(fold).collect());
            }
        }
        self
    }

    /// The markers as they are written, for cutting them out of what a model wrote.
    pub fn strings(&self) -> &[String] {
        &self.strings
    }

    /// Replaces the single characters that bound turns in this template.
    pub(crate) fn blank(&self, text: &str) -> String {
        let harmful = |c: char| self.blanked.contains(&c) || (self.one_line && matches!(c, '\n' | '\r'));
        text.chars().map(|c| if harmful(c) { ' ' } else { c }).collect()
    }

    /// Where spaces must be inserted into the turns of a written prompt. None: no text in it reads like a marker.
    pub(crate) fn insertions(&self, pieces: &[Piece]) -> Vec<Insertion> {
        let glyphs: Vec<Glyph> = pieces.iter().flat_map(Glyph::of_piece).collect();
        let mut insertions = Vec::new();
        let mut at = 0;
        while at < glyphs.len() {
            let length = self.longest_match(&glyphs[at..]).unwrap_or(1);
            match break_in(&glyphs[at..at + length]).filter(|_| length > 1) {
                Some(insertion) => {
                    insertions.push(insertion);
                    at += length;
                }
                None => at += 1,
            }
        }
        insertions
    }

    /// Length in characters of the longest marker that `glyphs` begin with.
    fn longest_match(&self, glyphs: &[Glyph]) -> Option<usize> {
        let begins = |marker: &&Vec<char>| {
            glyphs.len() >= marker.len() && marker.iter().zip(glyphs).all(|(wanted, glyph)| *wanted == glyph.folded)
        };
        self.folded.iter().filter(begins).map(Vec::len).max()
    }
}

/// One character of a written prompt.
struct Glyph {
    folded: char,
    /// The turn it is from, and where it begins and ends there; `None` for the template's own.
    origin: Option<(usize, usize, usize)>,
}

impl Glyph {
    fn of_piece(piece: &Piece) -> impl Iterator<Item = Self> {
        piece.text.char_indices().map(|(at, c)| {
            let origin = piece.turn.map(|turn| (turn, at, at + c.len_utf8()));
            Self { folded: fold(c), origin }
        })
    }
}

/// The last place inside a match where a text can be broken; `None` where it is the template's own alone.
fn break_in(matched: &[Glyph]) -> Option<Insertion> {
    matched.windows(2).rev().find_map(|pair| {
        let before_second = pair[1].origin.map(|(turn, begin, _)| Insertion { turn, at: begin });
        let after_first = pair[0].origin.map(|(turn, _, end)| Insertion { turn, at: end });
        before_second.or(after_first)
    })
}

/// Lower case, one character for one, so that places stay comparable.
fn fold(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(single), None) => single,
        _ => c,
    }
}
