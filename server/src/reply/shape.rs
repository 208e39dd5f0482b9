//! Finds the reply within a generated text, as the manifest's `reply` section says.

use crate::config::persona::{Cut, StartAt};
use crate::prompt::Markers;

/// The text without what is left in it of the dialog template and of special tokens.
pub(super) fn without_markers(text: &str, markers: &Markers) -> String {
    let mut text = text.to_owned();
    // Each round shortens the text, for a marker has two characters at least and one space takes its place.
    while let Some(marker) = markers.strings().iter().find(|marker| text.contains(marker.as_str())) {
        text = text.replace(marker.as_str(), " ");
    }
    text
}

/// The text from where the reply begins; `None` where it has no Cyrillic letter to begin with.
pub(super) fn start(text: &str, start_at: StartAt) -> Option<&str> {
    let from_cyrillic = |text: &'_ str| text.find(is_cyrillic);
    match start_at {
        StartAt::Beginning => Some(text.trim_start()),
        StartAt::FirstCyrillic => from_cyrillic(text).map(|at| &text[at..]),
        StartAt::FirstCyrillicAfterNewline => {
            let (_, answer) = text.split_once('\n')?;
            from_cyrillic(answer).map(|at| &answer[at..])
        }
    }
}

/// The text up to where the reply ends.
pub(super) fn cut(text: &str, cut: Cut) -> &str {
    match cut {
        Cut::Nothing => text,
        Cut::FirstSentence => text.find(['.', '!', '?']).map_or(text, |at| &text[..=at]),
        Cut::FirstLine => text.lines().next().unwrap_or_default(),
    }
}

/// The manifest's literal replacements, in order.
pub(super) fn replace(text: &str, replacements: &[(String, String)]) -> String {
    replacements.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from.as_str(), to))
}

fn is_cyrillic(c: char) -> bool {
    matches!(c, '\u{0400}'..='\u{052f}')
}
