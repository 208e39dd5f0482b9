//! WordPiece as Hugging Face's BertTokenizer does it: by `tokenizer.json`, or by `vocab.txt` and its settings.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{AddedToken, Tokenizer, TruncationParams};

use super::classifier::ClassifierError;
use crate::files::FileError;

/// `tokenizer_config.json`, as far as it matters. The defaults are those of BertTokenizer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Settings {
    do_lower_case: Option<bool>,
    strip_accents: Option<bool>,
    tokenize_chinese_chars: Option<bool>,
    /// Far more than any model has, where nobody set it.
    model_max_length: Option<f64>,
    unk_token: Option<Value>,
    cls_token: Option<Value>,
    sep_token: Option<Value>,
    pad_token: Option<Value>,
    mask_token: Option<Value>,
}

/// The tokenizer of a folder, for a model with so many positions and rows.
pub(super) fn load(folder: &Path, positions: usize, rows: usize) -> Result<Tokenizer, ClassifierError> {
    let settings = settings(&folder.join("tokenizer_config.json"))?;
    let (json, vocabulary) = (folder.join("tokenizer.json"), folder.join("vocab.txt"));
    let (path, mut tokenizer) = if json.is_file() {
        let text = std::fs::read(&json).map_err(FileError::at(&json))?;
        let read = Tokenizer::from_bytes(&text);
        let read = read.map_err(|error| complaint(&json, &error.to_string()))?;
        (json, read)
    } else if vocabulary.is_file() {
        let built = build(&vocabulary, &settings)?;
        (vocabulary, built)
    } else {
        return Err(complaint(folder, "has neither tokenizer.json nor vocab.txt"));
    };
    let largest = tokenizer.get_vocab(true).into_values().max().map_or(0, |id| id as usize);
    if largest >= rows {
        return Err(complaint(&path, &format!("has the id {largest}, but config.json has vocab_size {rows}")));
    }
    // A float of that size becomes the greatest integer.
    let length = settings.model_max_length.map_or(usize::MAX, |length| length as usize).min(positions).max(4);
    let truncation = TruncationParams { max_length: length, ..TruncationParams::default() };
    tokenizer.with_padding(None);
    tokenizer.with_truncation(Some(truncation)).map_err(|error| complaint(&path, &error.to_string()))?;
    Ok(tokenizer)
}

fn settings(path: &Path) -> Result<Settings, ClassifierError> {
    if !path.is_file() {
        return Ok(Settings::default());
    }
    let text = std::fs::read(path).map_err(FileError::at(path))?;
    serde_json::from_slice(&text).map_err(|error| complaint(path, &error.to_string()))
}

/// What `tokenizer.json` would hold, made of the older files.
fn build(path: &Path, settings: &Settings) -> Result<Tokenizer, ClassifierError> {
    let special = |value: &Option<Value>, default: &str| name(value.as_ref(), default);
    let unknown = special(&settings.unk_token, "[UNK]");
    let (first, last) = (special(&settings.cls_token, "[CLS]"), special(&settings.sep_token, "[SEP]"));
    let others = [special(&settings.pad_token, "[PAD]"), special(&settings.mask_token, "[MASK]")];
    let text = std::fs::read_to_string(path).map_err(FileError::at(path))?;
    let words = text.lines().zip(0..).map(|(word, id)| (word.trim_end().to_owned(), id));
    let vocabulary: ahash::AHashMap<String, u32> = words.collect();
    let id = |word: &str| {
        let id = vocabulary.get(word).copied();
        id.ok_or_else(|| complaint(path, &format!("has no {word}, which the tokenizer's settings name")))
    };
    let ids = [(first.clone(), id(&first)?), (last.clone(), id(&last)?)];
    id(&unknown)?;
    let failed = |error: tokenizers::Error| complaint(path, &error.to_string());
    let model = WordPiece::builder().vocab(vocabulary.clone()).unk_token(unknown.clone()).build().map_err(failed)?;
    let lowercase = settings.do_lower_case.unwrap_or(true);
    let chinese = settings.tokenize_chinese_chars.unwrap_or(true);
    let frame = TemplateProcessing::builder()
        .try_single(format!("{first}:0 $A:0 {last}:0"))
        .and_then(|builder| builder.special_tokens(ids.to_vec()).build().map_err(|error| error.to_string()))
        .map_err(|error| complaint(path, &error))?;
    let mut tokenizer = Tokenizer::new(model);
    let normalizer = BertNormalizer::new(true, chinese, settings.strip_accents, lowercase);
    tokenizer.with_normalizer(Some(normalizer)).map_err(failed)?;
    tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
    tokenizer.with_post_processor(Some(frame));
    let known = [unknown, first, last].into_iter().chain(others).filter(|token| vocabulary.contains_key(token));
    let tokens: Vec<AddedToken> = known.map(|token| AddedToken::from(token, true)).collect();
    tokenizer.add_special_tokens(tokens).map_err(failed)?;
    Ok(tokenizer)
}

/// A special token is a string, or an object that holds one.
fn name(value: Option<&Value>, default: &str) -> String {
    let text = value.and_then(|value| value.as_str().or_else(|| value.get("content").and_then(Value::as_str)));
    text.unwrap_or(default).to_owned()
}

fn complaint(path: &Path, problem: &str) -> ClassifierError {
    ClassifierError::Tokenizer { path: path.to_owned(), problem: problem.to_owned() }
}
