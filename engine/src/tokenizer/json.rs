//! `tokenizer.json` as a GPT-2 has it, read into types of our own and written anew for `tokenizers`: that crate panics on
//! parts that are broken in ways it doesn't expect, and would run whatever regular expression a file brings.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// As many as a `config.json` may have rows for. The crate `tokenizers` counts on from the highest id.
const MOST_TOKENS: u32 = 1 << 24;

/// The parts that decide a text's ids. What else a file has (padding, truncation, the post-processor, which only adds
/// tokens that we don't ask for) is left out.
#[derive(Serialize)]
pub(super) struct Description {
    version: &'static str,
    added_tokens: Vec<Added>,
    normalizer: Option<Normalizer>,
    pre_tokenizer: Option<ByteLevel>,
    decoder: ByteLevel,
    model: Model,
}

#[derive(Serialize, Deserialize)]
struct Added {
    id: u32,
    content: String,
    #[serde(default)]
    single_word: bool,
    #[serde(default)]
    lstrip: bool,
    #[serde(default)]
    rstrip: bool,
    #[serde(default)]
    normalized: bool,
    #[serde(default)]
    special: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type")]
enum Normalizer {
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

#[derive(Serialize, Deserialize)]
#[serde(tag = "type")]
enum ByteLevel {
    ByteLevel {
        add_prefix_space: bool,
        #[serde(default = "yes")]
        trim_offsets: bool,
        #[serde(default = "yes")]
        use_regex: bool,
    },
}

#[derive(Serialize, Deserialize)]
struct Model {
    #[serde(rename = "type", default)]
    kind: Kind,
    dropout: Option<f32>,
    unk_token: Option<String>,
    continuing_subword_prefix: Option<String>,
    end_of_word_suffix: Option<String>,
    #[serde(default)]
    fuse_unk: bool,
    #[serde(default)]
    byte_fallback: bool,
    #[serde(default)]
    ignore_merges: bool,
    vocab: BTreeMap<String, u32>,
    merges: Vec<Merge>,
}

#[derive(Serialize, Deserialize, Default)]
enum Kind {
    #[default]
    #[serde(rename = "BPE")]
    Bpe,
}

/// `["a", "b"]`, or `"a b"` in files of former years.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Merge {
    Pair([String; 2]),
    Line(String),
}

fn yes() -> bool {
    true
}

impl Description {
    /// Reads a file. The error says which part is none of a GPT-2's.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let mut parts: Map<String, Value> = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let version: Option<String> = part(&mut parts, "version")?;
        if version.as_deref().is_some_and(|version| version != "1.0") {
            return Err("`version` is not 1.0, the only one there is".to_owned());
        }
        let decoder: Option<ByteLevel> = part(&mut parts, "decoder")?;
        let mut model: Model = part(&mut parts, "model")?.ok_or("`model` is missing")?;
        model.check()?;
        model.merges = std::mem::take(&mut model.merges).into_iter().map(Merge::paired).collect::<Result<_, _>>()?;
        let added_tokens: Vec<Added> = part(&mut parts, "added_tokens")?.unwrap_or_default();
        let added = added_tokens.iter().map(|token| (&token.content, &token.id));
        if let Some((token, id)) = model.vocab.iter().chain(added).find(|(_, id)| **id >= MOST_TOKENS) {
            return Err(format!("`{token}` has the id {id}, but no tokenizer has more than {MOST_TOKENS} tokens"));
        }
        Ok(Self {
            version: "1.0",
            added_tokens,
            normalizer: part(&mut parts, "normalizer")?,
            pre_tokenizer: part(&mut parts, "pre_tokenizer")?,
            decoder: decoder.ok_or("`decoder` is not ByteLevel, as a GPT-2 tokenizer's must be")?,
            model,
        })
    }
}

/// One part of the file; `None` where it is absent or null.
fn part<T: DeserializeOwned>(parts: &mut Map<String, Value>, name: &str) -> Result<Option<T>, String> {
    let value = parts.remove(name).unwrap_or_default();
    serde_json::from_value(value).map_err(|error| format!("`{name}` is none of a GPT-2 tokenizer's: {error}"))
}

impl Model {
    fn check(&self) -> Result<(), String> {
        if self.dropout.is_some() {
            return Err("`model.dropout` makes ids a matter of chance; set it to null".to_owned());
        }
        let affixes = [
            ("continuing_subword_prefix", &self.continuing_subword_prefix),
            ("end_of_word_suffix", &self.end_of_word_suffix),
        ];
        match affixes.iter().find(|(_, affix)| affix.as_ref().is_some_and(|affix| !affix.is_empty())) {
            Some((name, _)) => Err(format!("`model.{name}` is set, which no GPT-2 has")),
            None => Ok(()),
        }
    }
}

impl Merge {
    fn paired(self) -> Result<Self, String> {
        let Self::Line(line) = self else { return Ok(self) };
        match line.split(' ').collect::<Vec<_>>()[..] {
            [left, right] if !left.is_empty() && !right.is_empty() => {
                Ok(Self::Pair([left.to_owned(), right.to_owned()]))
            }
            _ => Err(format!("`model.merges` has `{line}`, which is no pair of tokens")),
        }
    }
}
