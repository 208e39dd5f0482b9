//! Fits a prompt into the context window. Nothing is cut out of token ids, for texts encoded apart give other ids than
//! together: messages are dropped and texts shortened, and the whole is encoded again.

use unicode_segmentation::UnicodeSegmentation;

use crate::{PromptError, Turn, Writer};

/// Ids of at most `budget` tokens: the newest messages that fit; or the end of what is asked, where even that is too long.
pub(super) fn fit(writer: &Writer<'_>, turns: &[Turn], budget: usize) -> Result<Vec<u32>, PromptError> {
    let context = turns.iter().filter(|turn| !turn.asked).count();
    let with_newest = |kept: usize| {
        let mut dropped = context - kept;
        let stays = move |turn: &&Turn| {
            let goes = !turn.asked && dropped > 0;
            dropped -= usize::from(goes);
            !goes
        };
        Ok(writer.encode(turns.iter().filter(stays))?)
    };
    match longest(context, budget, with_newest)? {
        Fit::Found { ids, .. } => Ok(ids),
        Fit::NotEvenNone { .. } => fit_asked(writer, turns, budget),
    }
}

/// What is asked, from the earliest place that fits: between graphemes, or within one that alone is too long.
fn fit_asked(writer: &Writer<'_>, turns: &[Turn], budget: usize) -> Result<Vec<u32>, PromptError> {
    let texts: Vec<&str> = turns.iter().filter(|turn| turn.asked).map(|turn| turn.text.as_str()).collect();
    let text = texts.join(&writer.joint().to_string());
    let graphemes: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).collect();
    let chars: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    match from_earliest(writer, &text, &graphemes, budget)? {
        Fit::Found { kept: 0, .. } => {}
        Fit::Found { ids, .. } => return Ok(ids),
        Fit::NotEvenNone { needed } => return Err(PromptError::NoRoom { needed, budget }),
    }
    match from_earliest(writer, &text, &chars, budget)? {
        Fit::Found { ids, .. } => Ok(ids),
        Fit::NotEvenNone { needed } => Err(PromptError::NoRoom { needed, budget }),
    }
}

/// The longest end of `text` that fits and begins at one of `places`.
fn from_earliest(writer: &Writer<'_>, text: &str, places: &[usize], budget: usize) -> Result<Fit, PromptError> {
    longest(places.len(), budget, |kept| {
        let from = if kept == 0 { text.len() } else { places[places.len() - kept] };
        let turn = Turn::asked(text[from..].trim_start());
        Ok(writer.encode(std::iter::once(&turn))?)
    })
}

/// What [`longest`] found.
enum Fit {
    /// The most that can be kept, and its ids.
    Found { kept: usize, ids: Vec<u32> },
    /// Keeping nothing is too long already.
    NotEvenNone { needed: usize },
}

/// The largest `kept` up to `most` whose ids fit the budget. Tries 0, then 1, 2, 4, …, so that the work is bounded by what
/// fits and not by what there is, and halves the rest. Only what was encoded and found to fit is returned.
fn longest(
    most: usize,
    budget: usize,
    encode: impl Fn(usize) -> Result<Vec<u32>, PromptError>,
) -> Result<Fit, PromptError> {
    let mut ids = encode(0)?;
    if ids.len() > budget {
        return Ok(Fit::NotEvenNone { needed: ids.len() });
    }
    let (mut fits, mut too_long) = (0, most + 1);
    while fits + 1 < too_long {
        let doubled = (2 * fits).max(1);
        let next = if too_long > most { doubled.min(most) } else { fits.midpoint(too_long) };
        let candidate = encode(next)?;
        if candidate.len() <= budget {
            (fits, ids) = (next, candidate);
        } else {
            too_long = next;
        }
    }
    Ok(Fit::Found { kept: fits, ids })
}
