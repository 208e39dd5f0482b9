//! Text to token ids and back, as GPT-2's byte-level tokenizer does it. Knows the two forms in which Hugging Face
//! writes tokenizers; knows nothing of models, dialogs or stop strings.

mod bytes;
mod description;
mod files;
mod json;
mod stream;

use std::ops::Range;
use std::path::{Path, PathBuf};

pub(crate) use files::FILES;
pub use stream::TextStream;

/// A byte-level BPE tokenizer with its added tokens.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    rows: usize,
}

/// A tokenizer that can't be read or used.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// A file that is there but can't be read.
    #[error("{}: can't be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file whose content is wrong.
    #[error("{}: {problem}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        problem: String,
    },
    /// The text could not be encoded.
    #[error("the text can't be encoded: {0}")]
    Encode(String),
}

impl Tokenizer {
    /// Reads the tokenizer of a checkpoint folder: `tokenizer.json`, or else `vocab.json` and `merges.txt`, with
    /// `added_tokens.json`, `special_tokens_map.json` and `tokenizer_config.json` where they are. `Ok(None)` where the
    /// folder has no tokenizer.
    ///
    /// # Errors
    /// A file that can't be read or makes no byte-level BPE tokenizer.
    pub fn from_folder(folder: &Path) -> Result<Option<Self>, TokenizerError> {
        let Some((inner, rows)) = files::read(folder)? else {
            return Ok(None);
        };
        let added = inner.get_added_vocabulary().get_vocab().values().max();
        let rows = rows.max(added.map_or(0, |id| *id as usize + 1));
        Ok(Some(Self { inner, rows }))
    }

    /// Token ids of `text`. Added tokens written in the text become their own ids, as in Hugging Face; none is put
    /// before or after.
    ///
    /// # Errors
    /// A tokenizer file that has no token for some byte of the text.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let encoding =
            self.inner.encode_fast(text, false).map_err(|error| TokenizerError::Encode(error.to_string()))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// Token ids of `text` as [`Tokenizer::encode`] gives them, each with the bytes of `text` it stands for. Tokens that
    /// share a character stand for all of it.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn encode_with_offsets(&self, text: &str) -> Result<Vec<(u32, Range<usize>)>, TokenizerError> {
        let encoding = self.inner.encode(text, false).map_err(|error| TokenizerError::Encode(error.to_string()))?;
        let offsets = encoding.get_offsets().iter().map(|(start, end)| *start..*end);
        Ok(encoding.get_ids().iter().copied().zip(offsets).collect())
    }

    /// How many tokens `text` has.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn token_count(&self, text: &str) -> Result<usize, TokenizerError> {
        self.encode(text).map(|ids| ids.len())
    }

    /// Text of `ids`, with U+FFFD for bytes that are no UTF-8. Ids without a token, as embedding rows beyond the
    /// vocabulary have them, are nothing; with `skip_special` neither are special tokens.
    #[must_use]
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> String {
        let bytes: Vec<u8> = ids.iter().flat_map(|id| self.bytes_of(*id, skip_special)).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The id of a token as written in the vocabulary (byte-level spelling) or among the added tokens.
    #[must_use]
    pub fn id_of(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The added tokens, special ones included, by id: whatever is recognised as one token wherever it is written.
    #[must_use]
    pub fn added_tokens(&self) -> Vec<(String, u32)> {
        let decoder = self.inner.get_added_tokens_decoder();
        let mut tokens: Vec<_> = decoder.into_iter().map(|(id, token)| (token.content, id)).collect();
        tokens.sort_by_key(|(_, id)| *id);
        tokens
    }

    /// One more than the highest id: the embedding rows a model needs to fit this tokenizer.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The bytes one token stands for.
    fn bytes_of(&self, id: u32, skip_special: bool) -> Vec<u8> {
        match self.inner.id_to_token(id) {
            Some(token) if skip_special && self.inner.get_added_vocabulary().is_special_token(&token) => Vec::new(),
            Some(token) => bytes::of_token(&token),
            None => Vec::new(),
        }
    }
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Tokenizer").field("rows", &self.rows).finish_non_exhaustive()
    }
}
