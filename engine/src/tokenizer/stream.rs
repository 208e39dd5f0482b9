//! Text out of tokens as they come. Holds back the bytes of a character that is not complete; knows no stop strings.

use std::sync::Arc;

use super::Tokenizer;

/// Decodes token by token. The pieces, put together, equal [`Tokenizer::decode`] of all ids without skipping.
pub struct TextStream {
    tokenizer: Arc<Tokenizer>,
    pending: Vec<u8>,
}

impl TextStream {
    /// A stream at its beginning.
    #[must_use]
    pub fn new(tokenizer: Arc<Tokenizer>) -> Self {
        Self { tokenizer, pending: Vec::new() }
    }

    /// Adds a token and returns the text that it completed, which may be empty.
    pub fn push(&mut self, id: u32) -> String {
        self.pending.extend(self.tokenizer.bytes_of(id, false));
        let held = incomplete_tail(&self.pending);
        let tail = self.pending.split_off(self.pending.len() - held);
        let text = String::from_utf8_lossy(&self.pending).into_owned();
        self.pending = tail;
        text
    }

    /// Ends the text: the rest of a character that never became complete, as U+FFFD.
    pub fn finish(&mut self) -> String {
        let rest = String::from_utf8_lossy(&self.pending).into_owned();
        self.pending.clear();
        rest
    }
}

/// How many bytes at the end are the beginning of a character and no more.
fn incomplete_tail(bytes: &[u8]) -> usize {
    // An incomplete character has at most three bytes, and only its first can start one.
    for length in 1..=bytes.len().min(3) {
        let tail = &bytes[bytes.len() - length..];
        if let Err(error) = std::str::from_utf8(tail)
            && error.valid_up_to() == 0
            && error.error_len().is_none()
        {
            return length;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tails() {
        assert_eq!(incomplete_tail(b"ab"), 0);
        assert_eq!(incomplete_tail("п".as_bytes()), 0);
        assert_eq!(incomplete_tail(b"a\xd0"), 1);
        assert_eq!(incomplete_tail(b"\xf0\x9f\x98"), 3);
        assert_eq!(incomplete_tail(b"\xff"), 0);
        assert_eq!(incomplete_tail(b"\x80\x80"), 0);
    }

    proptest! {
        #[test]
        fn cutting_at_the_tail_changes_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
            let at = bytes.len() - incomplete_tail(&bytes);
            let parts = [String::from_utf8_lossy(&bytes[..at]), String::from_utf8_lossy(&bytes[at..])].concat();
            prop_assert_eq!(parts, String::from_utf8_lossy(&bytes));
        }
    }
}
