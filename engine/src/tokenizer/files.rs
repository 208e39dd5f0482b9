//! The files of a tokenizer and how they become one. `vocab.json` + `merges.txt` are put into the form of
//! `tokenizer.json` first, so that there is one way in.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokenizers::AddedToken;

use super::TokenizerError;
use super::json::Description;

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

/// Reads the tokenizer of a folder.
pub(super) fn read(folder: &Path) -> Result<Option<tokenizers::Tokenizer>, TokenizerError> {
    let path = folder.join("tokenizer.json");
    let mut tokenizer = if let Some(text) = read_optional(&path)? {
        from_json(&path, &text)?
    } else if let Some(tokenizer) = from_vocabulary(folder)? {
        tokenizer
    } else {
        return Ok(None);
    };
    add_tokens(folder, &mut tokenizer)?;
    Ok(Some(tokenizer))
}

fn from_json(path: &Path, text: &[u8]) -> Result<tokenizers::Tokenizer, TokenizerError> {
    let description = Description::parse(text).map_err(|problem| invalid(path, problem))?;
    let text = serde_json::to_vec(&description).map_err(|error| invalid(path, error.to_string()))?;
    tokenizers::Tokenizer::from_bytes(text).map_err(|error| invalid(path, error.to_string()))
}

fn from_vocabulary(folder: &Path) -> Result<Option<tokenizers::Tokenizer>, TokenizerError> {
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
    let vocabulary: BTreeMap<String, u32> = parse(&path, &vocabulary)?;
    let special: Vec<Value> = special_tokens(folder)?
        .iter()
        .filter_map(|token| vocabulary.get(token).map(|id| added_token(token, *id)))
        .collect();
    let byte_level = |add_prefix_space: bool| json!({"type": "ByteLevel", "add_prefix_space": add_prefix_space, "trim_offsets": true, "use_regex": true});
    let tokenizer = json!({
        "version": "1.0",
        "added_tokens": special,
        "pre_tokenizer": byte_level(adds_prefix_space(folder)?),
        "decoder": byte_level(true),
        "model": {"type": "BPE", "vocab": vocabulary, "merges": parse_merges(&merges_path, &merges)?},
    });
    from_json(&path, tokenizer.to_string().as_bytes()).map(Some)
}

fn added_token(token: &str, id: u32) -> Value {
    json!({
        "id": id, "content": token, "special": true,
        "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
    })
}

fn parse_merges(path: &Path, text: &[u8]) -> Result<Vec<[String; 2]>, TokenizerError> {
    let text = std::str::from_utf8(text).map_err(|error| invalid(path, format!("is no UTF-8: {error}")))?;
    let mut merges = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.is_empty() || (index == 0 && line.starts_with("#version")) {
            continue;
        }
        match line.split(' ').collect::<Vec<_>>()[..] {
            [left, right] if !left.is_empty() && !right.is_empty() => {
                merges.push([left.to_owned(), right.to_owned()]);
            }
            _ => {
                return Err(invalid(path, format!("line {} is no pair of tokens", index + 1)));
            }
        }
    }
    Ok(merges)
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
        if is_special {
            tokenizer.add_special_tokens(&[added])
        } else {
            tokenizer.add_tokens(&[added])
        };
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
