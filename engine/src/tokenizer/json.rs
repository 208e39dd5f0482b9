//! `tokenizer.json` as a GPT-2 has it, read into types of our own: the crate `tokenizers` panics on parts that are broken
//! in ways it doesn't expect, and would run whatever regular expression a file brings.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeOwned, Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::description::{Added, Description, Split, Unknown, Vocabulary};

#[derive(Deserialize)]
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

#[derive(Deserialize)]
struct Model {
    #[serde(rename = "type", default)]
    _kind: Kind,
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
    vocab: Vocabulary,
    merges: Vec<Merge>,
}

#[derive(Deserialize, Default)]
enum Kind {
    #[default]
    #[serde(rename = "BPE")]
    Bpe,
}

/// `["a", "b"]`, or `"a b"` in files of former years.
struct Merge(String, String);

fn yes() -> bool {
    true
}

/// The parts of a file as they are written. Copying them, or reading them into values first, would take twice the time.
type Parts<'a> = BTreeMap<String, &'a RawValue>;

/// Reads a file. The error says which part is none of a GPT-2's.
pub(super) fn parse(text: &[u8]) -> Result<Description, String> {
    let parts: Parts<'_> = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let version: Option<String> = part(&parts, "version")?;
    if version.as_deref().is_some_and(|version| version != "1.0") {
        return Err("`version` is not 1.0, the only one there is".to_owned());
    }
    let decoder: Option<ByteLevel> = part(&parts, "decoder")?;
    let model: Model = part(&parts, "model")?.ok_or("`model` is missing")?;
    model.check()?;
    if decoder.is_none() {
        return Err("`decoder` is not ByteLevel, as a GPT-2 tokenizer's must be".to_owned());
    }
    Ok(Description {
        added: part::<Vec<Added>>(&parts, "added_tokens")?.unwrap_or_default(),
        normalizer: part(&parts, "normalizer")?,
        split: part::<ByteLevel>(&parts, "pre_tokenizer")?.map(Split::from),
        vocabulary: model.vocab,
        merges: model.merges.into_iter().map(|Merge(left, right)| (left, right)).collect(),
        unknown: Unknown { token: model.unk_token, fuse: model.fuse_unk, as_bytes: model.byte_fallback },
        ignore_merges: model.ignore_merges,
    })
}

/// One part of the file; `None` where it is absent or null.
fn part<T: DeserializeOwned>(parts: &Parts<'_>, name: &str) -> Result<Option<T>, String> {
    let Some(part) = parts.get(name) else { return Ok(None) };
    serde_json::from_str(part.get()).map_err(|error| format!("`{name}` is none of a GPT-2 tokenizer's: {error}"))
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

impl From<ByteLevel> for Split {
    fn from(ByteLevel::ByteLevel { add_prefix_space, trim_offsets, use_regex }: ByteLevel) -> Self {
        Self { add_prefix_space, trim_offsets, use_regex }
    }
}

impl<'de> Deserialize<'de> for Merge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MergeVisitor)
    }
}

struct MergeVisitor;

impl<'de> Visitor<'de> for MergeVisitor {
    type Value = Merge;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a pair of tokens")
    }

    fn visit_str<E: Error>(self, line: &str) -> Result<Merge, E> {
        match pair(line) {
            Some((left, right)) => Ok(Merge(left, right)),
            None => Err(E::custom(format!("`model.merges` has `{line}`, which is no pair of tokens"))),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut tokens: A) -> Result<Merge, A::Error> {
        let merge = match (tokens.next_element()?, tokens.next_element()?) {
            (Some(left), Some(right)) => Merge(left, right),
            _ => return Err(A::Error::invalid_length(0, &self)),
        };
        match tokens.next_element::<String>()? {
            None => Ok(merge),
            Some(_) => Err(A::Error::invalid_length(3, &self)),
        }
    }
}

/// Two tokens with a space between them.
pub(super) fn pair(line: &str) -> Option<(String, String)> {
    let (left, right) = line.split_once(' ')?;
    let is_pair = !left.is_empty() && !right.is_empty() && !right.contains(' ');
    is_pair.then(|| (left.to_owned(), right.to_owned()))
}
