//! Words a reply may not have.

use unicode_segmentation::UnicodeSegmentation;

/// Whether `text` has one of `words`, or of phrases, as whole words; letter case and the dots of ё don't count.
pub(super) fn has_word(text: &str, words: &[String]) -> bool {
    if words.is_empty() {
        return false;
    }
    let text = normal(text);
    words.iter().map(|word| normal(word)).any(|word| !word.trim().is_empty() && text.contains(&word))
}

/// The words alone, each between spaces.
fn normal(text: &str) -> String {
    let text = text.to_lowercase().replace('ё', "е");
    let words = text.unicode_words().flat_map(|word| [word, " "]);
    std::iter::once(" ").chain(words).collect()
}
