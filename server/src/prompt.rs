//! From a conversation's history to the token ids a checkpoint continues. Pure: no clock, no store, no transport.
//!
//! [`arrange()`] chooses and orders the messages, [`build`] writes them in the persona's dialog template and fits them into
//! the context window, [`generation`] says when the continuation ends. The templates themselves are `maskarad_dialog`'s.

mod arrange;
mod stops;

use maskarad_dialog::Writer;
pub use maskarad_dialog::{Markers, PromptError, Side, Turn};
use maskarad_engine::Tokenizer;

pub use self::arrange::{Scene, arrange};
pub use self::stops::{Window, generation, window};
use crate::config::persona::Persona;

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
    maskarad_dialog::build(&Writer::new(&persona.template, &persona.prompt, tokenizer, markers), turns, budget)
}

#[cfg(test)]
mod tests;
