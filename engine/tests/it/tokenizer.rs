//! Equality with Hugging Face's tokenizers, in both of their file formats.

use std::path::Path;
use std::sync::Arc;

use maskarad_engine::{TextStream, Tokenizer};
use serde::Deserialize;

use crate::support::shared;

#[derive(Deserialize)]
struct Vector {
    text: String,
    ids: Vec<u32>,
    decoded: Option<String>,
}

fn vectors(path: &Path) -> Vec<Vector> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A folder with some of the real tokenizer's files.
fn folder_with(names: &[&str]) -> Option<tempfile::TempDir> {
    let source = shared("tokenizers/rugpt3")?;
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        std::fs::write(folder.path().join(name), std::fs::read(source.join(name)).unwrap()).unwrap();
    }
    Some(folder)
}

fn open(folder: &Path) -> Tokenizer {
    Tokenizer::from_folder(folder).unwrap_or_else(|error| panic!("{error}")).unwrap()
}

const FORMS: [&[&str]; 4] = [
    &["tokenizer.json"],
    &["vocab.json", "merges.txt"],
    &["vocab.json", "merges.txt", "special_tokens_map.json", "tokenizer_config.json"],
    &["tokenizer.json", "vocab.json", "merges.txt", "special_tokens_map.json", "tokenizer_config.json"],
];

#[test]
fn golden_vectors() {
    for form in FORMS {
        let Some(folder) = folder_with(form) else {
            return;
        };
        let tokenizer = Arc::new(open(folder.path()));
        let vectors = vectors(&shared("tokenizers/golden_vectors.jsonl").unwrap());
        assert_eq!(vectors.len(), 317);
        assert_eq!(tokenizer.rows(), 50257);
        for vector in vectors {
            assert_eq!(tokenizer.encode(&vector.text).unwrap(), vector.ids, "{:?} {form:?}", vector.text);
            assert_eq!(tokenizer.token_count(&vector.text).unwrap(), vector.ids.len());
            let decoded = vector.decoded.unwrap();
            assert_eq!(tokenizer.decode(&vector.ids, false), decoded, "{form:?}");
            assert_eq!(streamed(&tokenizer, &vector.ids), decoded);
        }
    }
}

#[test]
fn golden_vectors_with_added_tokens() {
    for form in FORMS {
        let Some(folder) = folder_with(form) else {
            return;
        };
        let added = shared("tokenizers/tinkoff_added_tokens.derived.json").unwrap();
        std::fs::write(folder.path().join("added_tokens.json"), std::fs::read(added).unwrap()).unwrap();
        let tokenizer = open(folder.path());
        assert_eq!(tokenizer.id_of("@@ВТОРОЙ@@"), Some(50258));
        assert!(tokenizer.added_tokens().contains(&("@@ПЕРВЫЙ@@".to_owned(), 50257)));
        for vector in vectors(&shared("tokenizers/golden_vectors_tinkoff.jsonl").unwrap()) {
            assert_eq!(tokenizer.encode(&vector.text).unwrap(), vector.ids, "{:?} {form:?}", vector.text);
            assert_eq!(tokenizer.decode(&vector.ids, false), vector.text);
        }
    }
}

fn streamed(tokenizer: &Arc<Tokenizer>, ids: &[u32]) -> String {
    let mut stream = TextStream::new(Arc::clone(tokenizer));
    let mut text: String = ids.iter().map(|id| stream.push(*id)).collect();
    text.push_str(&stream.finish());
    text
}

#[test]
fn special_tokens_and_rows_beyond_the_vocabulary() {
    let Some(folder) = folder_with(&["tokenizer.json"]) else {
        return;
    };
    let tokenizer = Arc::new(open(folder.path()));
    let special: Vec<String> = tokenizer.added_tokens().into_iter().map(|(token, _)| token).collect();
    assert_eq!(special, ["<pad>", "<s>", "</s>", "<unk>", "<mask>"]);
    let ids = tokenizer.encode("<s>да</s>").unwrap();
    assert_eq!(tokenizer.decode(&ids, true), "да");
    assert_eq!(tokenizer.decode(&[50257, 50263, u32::MAX], false), "");
    assert_eq!(streamed(&tokenizer, &[50260]), "");
}

#[test]
fn split_characters_are_held_back() {
    let Some(folder) = folder_with(&["tokenizer.json"]) else {
        return;
    };
    let tokenizer = Arc::new(open(folder.path()));
    let ids = tokenizer.encode("🦀").unwrap();
    assert!(ids.len() > 1);
    let mut stream = TextStream::new(Arc::clone(&tokenizer));
    let (last, first) = ids.split_last().unwrap();
    assert_eq!(first.iter().map(|id| stream.push(*id)).collect::<String>(), "");
    assert_eq!(stream.push(*last), "🦀");
    stream.push(ids[0]);
    assert_eq!((stream.finish().as_str(), stream.finish().as_str()), ("\u{fffd}", ""));
}

#[test]
fn every_text_survives() {
    let Some(folder) = folder_with(&["vocab.json", "merges.txt"]) else {
        return;
    };
    let tokenizer = open(folder.path());
    for text in ["", " ", "\0\u{1}", "ё́\u{200d}👩‍👩‍👧", "  a\t\r\nb  ", "İŸ\u{10ffff}", &"🦀".repeat(4096)]
    {
        assert_eq!(tokenizer.decode(&tokenizer.encode(text).unwrap(), false), text);
    }
}
