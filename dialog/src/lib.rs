//! Dialog templates: the turns of a conversation become the text a checkpoint continues, or learns. Pure: no clock, no
//! files.
//!
//! A [`Writer`] writes turns in a [`Template`]; [`build`] fits a prompt into the context window; [`stops()`] says what ends
//! its continuation. [`Writer::lessons`] writes what a checkpoint learns from a dialogue: prompt, answer and end. Text of a turn can't forge another: [`Markers`] are altered in it before the whole is encoded, once.
//! Knows no Telegram, no YAML and no store; where turns come from is the caller's matter.

mod template;
mod turn;

mod fit;
mod lesson;
mod markers;
mod render;
mod rules;
mod stops;

use maskarad_engine::TokenizerError;
use serde::{Deserialize, Serialize};

pub use self::lesson::{Lesson, LessonError, Told, end_of_text};
pub use self::markers::Markers;
pub use self::render::Writer;
pub use self::rules::{Case, CharClass, PromptRules};
pub use self::stops::{Stops, stops};
pub use self::template::{CustomTemplate, LengthClass, Template};
pub use self::turn::{Side, Turn};

/// How the conversations of one persona are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Format {
    /// What is put around turns.
    pub template: Template,
    /// What is done to their texts.
    pub rules: PromptRules,
}

impl Format {
    /// A template with its own rules.
    #[must_use]
    pub fn of(template: Template) -> Self {
        Self { rules: PromptRules::of(&template), template }
    }
}

/// Why no prompt could be made.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// The tokenizer could not encode the text.
    #[error("the prompt can't be encoded: {0}")]
    Encode(#[from] TokenizerError),
    /// The template itself is longer than the window.
    #[error("the template alone takes {needed} tokens, but the context window leaves {budget} for the prompt")]
    NoRoom {
        /// Tokens of the template without any text.
        needed: usize,
        /// Tokens there are.
        budget: usize,
    },
}

/// Writes `turns` in the writer's template and encodes them to at most `budget` tokens.
///
/// Where they are too long, the oldest messages go first; what is asked is never dropped, but keeps its end.
///
/// # Errors
/// A template that leaves no room for any text, or a tokenizer that can't encode it.
pub fn build(writer: &Writer<'_>, turns: &[Turn], budget: usize) -> Result<Vec<u32>, PromptError> {
    fit::fit(writer, &writer.clean(turns), budget)
}

#[cfg(test)]
mod tests;
