//! Dialog templates: the turns of a conversation become the text a checkpoint continues, or learns. Pure: no clock, no
//! files.
//!
//! A [`Writer`] writes turns in a [`Template`]; [`build`] fits a prompt into the context window; [`stops()`] says what ends
//! its continuation. Text of a turn can't forge another: [`Markers`] are altered in it before the whole is encoded, once.
//! Knows no Telegram, no YAML and no store; where turns come from is the caller's matter.

mod template;
mod turn;

mod fit;
mod markers;
mod render;
mod rules;
mod stops;

use maskarad_engine::TokenizerError;

pub use self::markers::Markers;
pub use self::render::Writer;
pub use self::rules::{Case, CharClass, PromptRules};
pub use self::stops::{Stops, stops};
pub use self::template::{CustomTemplate, LengthClass, Template};
pub use self::turn::{Side, Turn};

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
