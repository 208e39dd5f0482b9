//! What counts as a word here, in one place: Unicode's words in lower case. Numbers are words, punctuation isn't.

use unicode_segmentation::UnicodeSegmentation;

/// The words of a text.
pub(super) fn words(text: &str) -> Vec<String> {
    text.unicode_words().map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letter_case_and_punctuation_do_not_count() {
        assert_eq!(words("Да-да, ЁЖИК! 2 раза…"), ["да", "да", "ёжик", "2", "раза"]);
        assert!(words("?! …").is_empty());
    }
}
