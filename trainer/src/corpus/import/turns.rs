//! Turns for texts whose writers nobody knows: two people who take turns.

use std::path::Path;

use super::Dropped;
use crate::corpus::record::{Author, Dialogue, Turn};

/// Who begins, and who answers.
const SPEAKERS: [&str; 2] = ["first", "second"];

/// Texts as one dialogue, all of them learned. Empty ones are left out before it is told who says what.
pub(super) fn dialogue(source: &str, texts: Vec<String>, dropped: &mut Dropped) -> Option<Dialogue> {
    made(source, texts, 0, dropped)
}

/// The same, but only the last is learned, and the second speaker says it.
pub(super) fn answer(source: &str, texts: Vec<String>, dropped: &mut Dropped) -> Option<Dialogue> {
    let spoken = texts.iter().filter(|text| !text.trim().is_empty()).count();
    let mut dialogue = made(source, texts, spoken % 2, dropped)?;
    let last = dialogue.turns.len() - 1;
    dialogue.turns[..last].iter_mut().for_each(|turn| turn.context = true);
    Some(dialogue)
}

fn made(source: &str, texts: Vec<String>, begins: usize, dropped: &mut Dropped) -> Option<Dialogue> {
    let mut turns = Vec::with_capacity(texts.len());
    for text in texts {
        let text = text.trim();
        if text.is_empty() {
            dropped.count("turn without text");
            continue;
        }
        let id = SPEAKERS[(begins + turns.len()) % 2].to_owned();
        turns.push(Turn { author: Author { id, name: None }, time: None, text: text.to_owned(), context: false });
    }
    if turns.is_empty() {
        dropped.count("dialogue without turns");
        return None;
    }
    Some(Dialogue { source: source.to_owned(), turns, toxicity: None })
}

/// A file's name without its folder: where its dialogues come from.
pub(super) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
