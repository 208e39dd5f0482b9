//! A checkpoint's tokenizer files: any bytes are read or refused, and a tokenizer that was accepted encodes any text.

use std::path::Path;

use maskarad_engine::{Tokenizer, TokenizerError};

use super::Target;

pub(super) const JSON: Target = Target {
    name: "tokenizer_json",
    run: json,
    words: &[
        "\"version\":\"1.0\"",
        "\"added_tokens\":[{",
        "\"id\":",
        "\"content\":\"",
        "\"special\":true",
        "\"single_word\":true",
        "\"lstrip\":true",
        "\"rstrip\":true",
        "\"normalized\":true",
        "\"normalizer\":",
        "\"pre_tokenizer\":",
        "\"post_processor\":",
        "\"decoder\":",
        "\"type\":\"ByteLevel\"",
        "\"add_prefix_space\":true",
        "\"trim_offsets\":true",
        "\"use_regex\":false",
        "\"type\":\"Sequence\"",
        "\"type\":\"BPE\"",
        "\"type\":\"WordPiece\"",
        "\"type\":\"Unigram\"",
        "\"type\":\"Split\"",
        "\"pattern\":{\"Regex\":\"",
        "\"behavior\":\"Isolated\"",
        "\"invert\":true",
        "\"type\":\"TemplateProcessing\"",
        "\"type\":\"Replace\"",
        "\"type\":\"NFC\"",
        "\"type\":\"Precompiled\"",
        "\"precompiled_charsmap\":\"",
        "\"vocab\":{",
        "\"merges\":[",
        "\"a b\"",
        "[\"a\",\"b\"]",
        "\"unk_token\":",
        "\"byte_fallback\":true",
        "\"fuse_unk\":true",
        "\"continuing_subword_prefix\":\"",
        "\"end_of_word_suffix\":\"",
        "\"ignore_merges\":true",
        "\"dropout\":0.1",
        "\"truncation\":{",
        "\"padding\":{",
        "4294967295",
        "null",
        "(a+)+$",
        "(?=",
        "\\\\p{L}",
    ],
};

pub(super) const VOCABULARY: Target = Target {
    name: "tokenizer_vocabulary",
    run: vocabulary,
    words: &[
        "\u{1f}",
        "{\"a\":0,\"b\":1,\"ab\":2}",
        "#version: 0.2\n",
        "a b\n",
        "\u{120}",
        "\u{10a}",
        "\"<s>\":",
        "</s>",
        "\"additional_special_tokens\":[",
        "\"unk_token\":{\"content\":\"",
        "\"add_prefix_space\":true",
        "4294967295",
        " ",
    ],
};

/// The files of the second form, in the order in which they stand in an input, between U+001F.
pub(crate) const VOCABULARY_FILES: [&str; 5] =
    ["vocab.json", "merges.txt", "added_tokens.json", "special_tokens_map.json", "tokenizer_config.json"];

const TEXTS: [&str; 6] = [
    "",
    "Привет, мир! abab",
    "</s><s> |1|2| @@ПЕРВЫЙ@@",
    "a\0\n\r\t \u{3000}b",
    "👍🏽e\u{301}ї",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
];

fn json(data: &[u8]) {
    let folder = super::checkpoint::folder();
    write(folder.path(), "tokenizer.json", data);
    tried(folder.path());
}

fn vocabulary(data: &[u8]) {
    let folder = super::checkpoint::folder();
    for (name, part) in VOCABULARY_FILES.iter().zip(data.split(|byte| *byte == 0x1f)) {
        if !part.is_empty() {
            write(folder.path(), name, part);
        }
    }
    tried(folder.path());
}

fn tried(folder: &Path) {
    let tokenizer = match Tokenizer::from_folder(folder) {
        Ok(Some(tokenizer)) => tokenizer,
        Ok(None) => return,
        Err(error) => return assert!(!error.to_string().is_empty(), "refused without a word"),
    };
    for text in TEXTS {
        match tokenizer.encode(text) {
            Ok(ids) => {
                assert!(ids.iter().all(|id| (*id as usize) < tokenizer.rows()), "an id that the model has no row for");
                let _ = tokenizer.decode(&ids, true);
                assert_eq!(tokenizer.token_count(text).ok(), Some(ids.len()), "a text has one encoding");
            }
            Err(TokenizerError::Encode(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    let tokens = tokenizer.added_tokens();
    assert!(tokens.iter().all(|(token, id)| tokenizer.id_of(token) == Some(*id)), "an added token has its own id");
    let _ = tokenizer.decode(&[0, 1, u32::MAX], false);
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    std::fs::write(folder.join(name), bytes).expect("a temporary folder can be written to");
}
