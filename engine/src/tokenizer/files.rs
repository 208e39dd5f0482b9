//! The files of a tokenizer and how they become one: both forms are read into the same description.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokenizers::AddedToken;

use super::description::{Added, Description, Split, Unknown, Vocabulary};
use super::{TokenizerError, json};

/// Special tokens of the GPT-2 families, taken for special where no file says which ones are.
const CUSTOMARY: [&str; 6] = ["<|endoftext|>", "<s>", "</s>", "<unk>", "<pad>", "<mask>"];

/// Everything a tokenizer may be read from.
pub(crate) const FILES: [&str; 6] = [
    "tokenizer.json",
    "vocab.json",
    "merges.txt",
    "added_tokens.json",
    "special_tokens_map.json",
    "tokenizer_config.json",
];

/// Reads the tokenizer of a folder, and the rows that a model needs for its vocabulary.
pub(super) fn read(folder: &Path) -> Result<Option<(tokenizers::Tokenizer, usize)>, TokenizerError> {
    let path = folder.join("tokenizer.json");
    let (path, description) = if let Some(text) = read_optional(&path)? {
        let description = json::parse(&text).map_err(|problem| invalid(&path, problem))?;
        (path, description)
    } else if let Some(description) = from_vocabulary(folder)? {
        (folder.join("vocab.json"), description)
    } else {
        return Ok(None);
    };
    let (mut tokenizer, rows) = description.build().map_err(|problem| invalid(&path, problem))?;
    add_tokens(folder, &mut tokenizer)?;
    Ok(Some((tokenizer, rows)))
}

fn from_vocabulary(folder: &Path) -> Result<Option<Description>, TokenizerError> {
    let (path, merges_path) = (folder.join("vocab.json"), folder.join("merges.txt"));
    let (vocabulary, merges) = match (read_optional(&path)?, read_optional(&merges_path)?) {
        (None, None) => return Ok(None),
        (Some(vocabulary), Some(merges)) => (vocabulary, merges),
        (None, Some(_)) => {
            return Err(invalid(&path, "is missing, though merges.txt is there".to_owned()));
        }
        (Some(_), None) => {
            return Err(invalid(&merges_path, "is missing, though vocab.json is there".to_owned()));
        }
    };
    let vocabulary: Vocabulary = parse(&path, &vocabulary)?;
    let special = special_tokens(folder)?;
    let special = special.into_iter().filter_map(|token| Some(special_token(*vocabulary.get(&token)?, token)));
    Ok(Some(Description {
        added: special.collect(),
        merges: parse_merges(&merges_path, &merges)?,
        vocabulary,
        unknown: Unknown::default(),
        ignore_merges: false,
        normalizer: None,
        split: Some(Split { add_prefix_space: adds_prefix_space(folder)?, trim_offsets: true, use_regex: true }),
    }))
}

fn special_token(id: u32, content: String) -> Added {
    Added { id, content, special: true, single_word: false, lstrip: false, rstrip: false, normalized: false }
}

fn parse_merges(path: &Path, text: &[u8]) -> Result<Vec<(String, String)>, TokenizerError> {
    let text = std::str::from_utf8(text).map_err(|error| invalid(path, format!("is no UTF-8: {error}")))?;
    let is_merge = |(index, line): &(usize, &str)| !(line.is_empty() || (*index == 0 && line.starts_with("#version")));
    let merge = |(index, line): (usize, &str)| {
        json::pair(line).ok_or_else(|| invalid(path, format!("line {} is no pair of tokens", index + 1)))
    };
    text.lines().enumerate().filter(is_merge).map(merge).collect()
}

fn adds_prefix_space(folder: &Path) -> Result<bool, TokenizerError> {
    let config: Option<Value> = read_json(&folder.join("tokenizer_config.json"))?;
    Ok(config.and_then(|config| config.get("add_prefix_space")?.as_bool()).unwrap_or(false))
}

/// The tokens that are special, by `special_tokens_map.json` and `tokenizer_config.json`, else the customary ones.
fn special_tokens(folder: &Path) -> Result<BTreeSet<String>, TokenizerError> {
    let mut tokens = BTreeSet::new();
    for name in ["special_tokens_map.json", "tokenizer_config.json"] {
        let Some(Value::Object(fields)) = read_json(&folder.join(name))? else {
            continue;
        };
        let named = fields.iter().filter(|(field, _)| field.ends_with("_token") || field.ends_with("special_tokens"));
        named.for_each(|(_, value)| collect_tokens(value, &mut tokens));
    }
    if tokens.is_empty() {
        tokens.extend(CUSTOMARY.map(str::to_owned));
    }
    Ok(tokens)
}

/// A token is written as a text, as an object with `content`, or in a list of these.
fn collect_tokens(value: &Value, tokens: &mut BTreeSet<String>) {
    match value {
        Value::String(token) => {
            tokens.insert(token.clone());
        }
        Value::Object(fields) => fields.get("content").into_iter().for_each(|token| collect_tokens(token, tokens)),
        Value::Array(values) => values.iter().for_each(|value| collect_tokens(value, tokens)),
        _ => {}
    }
}

/// Adds the tokens of `added_tokens.json` that the tokenizer does not have yet, in the order of their ids.
fn add_tokens(folder: &Path, tokenizer: &mut tokenizers::Tokenizer) -> Result<(), TokenizerError> {
    let path = folder.join("added_tokens.json");
    let Some(tokens) = read_json::<BTreeMap<String, u32>>(&path)? else {
        return Ok(());
    };
    let special = special_tokens(folder)?;
    let mut tokens: Vec<_> = tokens.into_iter().collect();
    tokens.sort_by_key(|(_, id)| *id);
    for (token, id) in tokens {
        let is_special = special.contains(&token);
        let added = AddedToken::from(token.clone(), is_special).normalized(false);
        let count = if is_special { tokenizer.add_special_tokens([added]) } else { tokenizer.add_tokens([added]) };
        count.map_err(|error| invalid(&path, error.to_string()))?;
        let got = tokenizer.token_to_id(&token);
        if got != Some(id) {
            let got = got.map_or("none".to_owned(), |id| id.to_string());
            return Err(invalid(
                &path,
                format!("`{token}` should have the id {id}, but the vocabulary gives it {got}"),
            ));
        }
    }
    Ok(())
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, TokenizerError> {
    read_optional(path)?.map(|text| parse(path, &text)).transpose()
}

fn parse<T: DeserializeOwned>(path: &Path, text: &[u8]) -> Result<T, TokenizerError> {
    serde_json::from_slice(text).map_err(|error| invalid(path, error.to_string()))
}

fn read_optional(path: &Path) -> Result<Option<Vec<u8>>, TokenizerError> {
    match std::fs::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(TokenizerError::Read { path: path.to_owned(), source }),
    }
}

fn invalid(path: &Path, problem: String) -> TokenizerError {
    TokenizerError::Invalid { path: path.to_owned(), problem }
}
