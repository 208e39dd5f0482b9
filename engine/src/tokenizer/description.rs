//! What makes a GPT-2 tokenizer, whichever files it was read from, and how it becomes one of the crate `tokenizers`.

use ahash::AHashMap;
use serde::Deserialize;
use tokenizers::models::bpe::BPE;
use tokenizers::normalizers::{Lowercase, NFC, NFD, NFKC, NFKD};
use tokenizers::{AddedToken, NormalizerWrapper, Tokenizer, pre_tokenizers};

/// As many as a `config.json` may have rows for. The crate `tokenizers` counts on from the highest id.
const MOST_TOKENS: u32 = 1 << 24;

/// Ids by token.
pub(super) type Vocabulary = AHashMap<String, u32>;

/// The parts that decide a text's ids. What else a file has (padding, truncation, the post-processor, which only adds
/// tokens that we don't ask for) is left out.
pub(super) struct Description {
    pub(super) vocabulary: Vocabulary,
    /// Pairs of tokens that become one, the most urgent first.
    pub(super) merges: Vec<(String, String)>,
    pub(super) unknown: Unknown,
    pub(super) ignore_merges: bool,
    pub(super) added: Vec<Added>,
    pub(super) normalizer: Option<Normalizer>,
    pub(super) split: Option<Split>,
}

/// What becomes of bytes that have no token.
#[derive(Default)]
pub(super) struct Unknown {
    pub(super) token: Option<String>,
    pub(super) fuse: bool,
    pub(super) as_bytes: bool,
}

/// A token that is one wherever it is written.
#[derive(Deserialize)]
pub(super) struct Added {
    pub(super) id: u32,
    pub(super) content: String,
    #[serde(default)]
    pub(super) single_word: bool,
    #[serde(default)]
    pub(super) lstrip: bool,
    #[serde(default)]
    pub(super) rstrip: bool,
    #[serde(default)]
    pub(super) normalized: bool,
    #[serde(default)]
    pub(super) special: bool,
}

/// What is done to a text before anything else.
#[derive(Deserialize)]
#[serde(tag = "type")]
pub(super) enum Normalizer {
    #[serde(rename = "NFC")]
    Nfc,
    #[serde(rename = "NFD")]
    Nfd,
    #[serde(rename = "NFKC")]
    Nfkc,
    #[serde(rename = "NFKD")]
    Nfkd,
    Lowercase,
}

/// How a text falls into words.
pub(super) struct Split {
    pub(super) add_prefix_space: bool,
    pub(super) trim_offsets: bool,
    pub(super) use_regex: bool,
}

impl Description {
    /// Makes the tokenizer, and tells the rows that a model needs for it. The error says what doesn't fit together.
    pub(super) fn build(self) -> Result<(Tokenizer, usize), String> {
        let added = self.added.iter().map(|token| (&token.content, &token.id));
        let beyond = self.vocabulary.iter().chain(added).filter(|(_, id)| **id >= MOST_TOKENS).min();
        if let Some((token, id)) = beyond {
            return Err(format!("`{token}` has the id {id}, but no tokenizer has more than {MOST_TOKENS} tokens"));
        }
        let highest = self.vocabulary.values().max().copied();
        let mut model = BPE::builder()
            .vocab_and_merges(self.vocabulary, self.merges)
            .fuse_unk(self.unknown.fuse)
            .byte_fallback(self.unknown.as_bytes)
            .ignore_merges(self.ignore_merges);
        if let Some(token) = self.unknown.token {
            model = model.unk_token(token);
        }
        let mut tokenizer = Tokenizer::new(model.build().map_err(|error| error.to_string())?);
        tokenizer.with_normalizer(self.normalizer.map(NormalizerWrapper::from)).map_err(|error| error.to_string())?;
        let split = |split: Split| {
            pre_tokenizers::byte_level::ByteLevel::new(split.add_prefix_space, split.trim_offsets, split.use_regex)
        };
        tokenizer.with_pre_tokenizer(self.split.map(split));
        tokenizer.add_tokens(self.added.into_iter().map(Added::into_token)).map_err(|error| error.to_string())?;
        Ok((tokenizer, highest.map_or(0, |id| id as usize + 1)))
    }
}

impl From<Normalizer> for NormalizerWrapper {
    fn from(normalizer: Normalizer) -> Self {
        match normalizer {
            Normalizer::Nfc => Self::NFC(NFC),
            Normalizer::Nfd => Self::NFD(NFD),
            Normalizer::Nfkc => Self::NFKC(NFKC),
            Normalizer::Nfkd => Self::NFKD(NFKD),
            Normalizer::Lowercase => Self::Lowercase(Lowercase),
        }
    }
}

impl Added {
    fn into_token(self) -> AddedToken {
        AddedToken::from(self.content, self.special)
            .single_word(self.single_word)
            .lstrip(self.lstrip)
            .rstrip(self.rstrip)
            .normalized(self.normalized)
    }
}
