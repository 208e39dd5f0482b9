//! From a conversation's history to the token ids a checkpoint continues. Pure: no clock, no store, no transport.
//!
//! [`arrange()`] chooses and orders the messages, [`build`] writes them in the persona's dialog template and fits them into
//! the context window, [`generation`] says when the continuation ends. Text from a chat can't forge a turn: `markers`
//! alters whatever reads like one before the whole prompt is encoded, once.

mod arrange;
mod fit;
mod markers;
mod render;
mod rules;
mod stops;

use maskarad_engine::{Tokenizer, TokenizerError};

pub use self::arrange::{Scene, Side, Turn, arrange};
pub use self::markers::Markers;
pub use self::stops::{Window, generation, window};
use crate::config::persona::Persona;

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

/// Writes `turns` in the persona's template and encodes them to at most `budget` tokens ([`Window::prompt`]).
///
/// Where they are too long, the oldest messages go first; what is asked is never dropped, but keeps its end.
///
/// # Errors
/// A template that leaves no room for any text, or a tokenizer that can't encode it.
pub fn build(
    persona: &Persona,
    tokenizer: &Tokenizer,
    markers: &Markers,
    turns: &[Turn],
    budget: usize,
) -> Result<Vec<u32>, PromptError> {
    let writer = render::Writer::new(persona, tokenizer, markers);
    fit::fit(&writer, &writer.clean(turns), budget)
}

#[cfg(test)]
mod tests;
