//! Folders that can't be served: each is refused with a message that names the file and the place, and none panics.

use std::path::Path;

use maskarad_engine::{LoadError, Precision};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{self, copy, own};

/// Loads a copy of one of our checkpoints after a change to it.
fn after(checkpoint: &str, change: impl FnOnce(&Path)) -> Result<(), LoadError> {
    let folder = copy(&own(checkpoint));
    change(folder.path());
    let result = support::engine().load(folder.path(), Precision::F32).map(drop);
    if let Err(error) = &result {
        println!("{error}");
    }
    result
}

fn refusal(checkpoint: &str, change: impl FnOnce(&Path)) -> String {
    after(checkpoint, change).unwrap_err().to_string()
}

fn edit_config(folder: &Path, field: &str, value: Value) {
    let path = folder.join("config.json");
    let mut config = support::json(&path);
    config[field] = value;
    std::fs::write(path, config.to_string()).unwrap();
}

/// Changes a safetensors file: its header, and the bytes after it.
fn edit_tensors(folder: &Path, change: impl FnOnce(&mut Value, &mut Vec<u8>)) {
    let path = folder.join("model.safetensors");
    let file = std::fs::read(&path).unwrap();
    let (header, values) = file[8..].split_at(u64::from_le_bytes(file[..8].try_into().unwrap()) as usize);
    let (mut header, mut values) = (serde_json::from_slice(header).unwrap(), values.to_vec());
    change(&mut header, &mut values);
    let header = header.to_string();
    let file = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &values].concat();
    std::fs::write(path, file).unwrap();
}

fn rename(header: &mut Value, from: &str, to: &str) {
    let entry = header.as_object_mut().unwrap().remove(from).unwrap();
    header[to] = entry;
}

const SAFE: &str = "tied_odd_width";
const TORCH: &str = "pickle_relu";

#[track_caller]
fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "`{message}` should say `{part}`");
    }
}

#[test]
fn empty_and_missing_folders() {
    let engine = support::engine();
    let folder = tempfile::tempdir().unwrap();
    let says = |path: &Path| engine.load(path, Precision::F32).map(drop).unwrap_err().to_string();
    assert_says(&says(folder.path()), &["config.json"]);
    assert_says(&says(&folder.path().join("nowhere")), &["nowhere", "can't be read"]);
    assert_says(
        &refusal(SAFE, |folder| {
            std::fs::remove_file(folder.join("model.safetensors")).unwrap();
        }),
        &["safetensors"],
    );
}

#[test]
fn configs() {
    let bad = |field: &str, value: Value| refusal(SAFE, |folder| edit_config(folder, field, value));
    assert_says(&bad("add_cross_attention", json!(true)), &["config.json", "`add_cross_attention`"]);
    assert_says(&bad("activation_function", json!("silu")), &["config.json", "`activation_function`", "silu"]);
    assert_says(&bad("model_type", json!("llama")), &["config.json", "`model_type`"]);
    assert_says(&bad("n_head", json!(5)), &["`n_head`"]);
    assert_says(&bad("n_layer", json!("two")), &["`n_layer`"]);
    assert_says(&bad("n_layer", json!(3)), &["h.2.", "missing"]);
    assert_says(&bad("n_layer", json!(1)), &["h.1.", "no part"]);
    assert_says(&bad("vocab_size", json!(62)), &["wte.weight", "[61, 36]", "[62, 36]"]);
    assert_says(&bad("n_positions", json!(1 << 24)), &["wpe.weight", "[64, 36]"]);
    assert_says(&bad("n_inner", json!(7)), &["mlp.c_fc.weight", "[36, 7]"]);
    assert_says(&bad("tie_word_embeddings", json!(false)), &["lm_head.weight", "missing"]);
    assert_says(
        &refusal("untied_f16_gelu", |f| {
            edit_config(f, "tie_word_embeddings", json!(true));
        }),
        &["lm_head.weight", "tie_word_embeddings"],
    );
    assert_says(
        &refusal(SAFE, |folder| {
            std::fs::write(folder.join("config.json"), "{").unwrap();
        }),
        &["config.json"],
    );
}

#[test]
fn truncated_files() {
    for (checkpoint, name) in [(SAFE, "model.safetensors"), (TORCH, "pytorch_model.bin")] {
        let whole = std::fs::read(own(checkpoint).join(name)).unwrap();
        for length in [0, 4, 8, 100, 3000, whole.len() / 2, whole.len() - 1] {
            let cut = |folder: &Path| std::fs::write(folder.join(name), &whole[..length]).unwrap();
            assert_says(&refusal(checkpoint, cut), &[name]);
        }
    }
}

#[test]
fn tensors() {
    let bad = |change: fn(&mut Value, &mut Vec<u8>)| refusal(SAFE, |folder| edit_tensors(folder, change));
    let key = "transformer.h.0.ln_1.weight";
    assert_eq!(key.len(), 27);
    let missing = bad(|header, _| {
        rename(header, "transformer.h.0.ln_1.weight", "transformer.h.0.ln_1.other");
    });
    assert_says(&missing, &["model.safetensors", "h.0.ln_1.weight", "missing"]);
    let extra = bad(|header, values| {
        let end = values.len();
        values.extend([0; 4]);
        header["transformer.h.0.extra"] = json!({"dtype": "F32", "shape": [1], "data_offsets": [end, end + 4]});
    });
    assert_says(&extra, &["model.safetensors", "h.0.extra", "no part"]);
    let integers = bad(|header, _| header["transformer.h.0.ln_1.weight"]["dtype"] = json!("I32"));
    assert_says(&integers, &["h.0.ln_1.weight", "I32"]);
    let shape = bad(|header, _| header["transformer.h.0.ln_1.weight"]["shape"] = json!([6, 6]));
    assert_says(&shape, &["h.0.ln_1.weight", "[6, 6]", "[36]"]);
    let nan = bad(|_, values| values[400..404].copy_from_slice(&f32::NAN.to_le_bytes()));
    assert_says(&nan, &["not finite"]);
    let infinite = bad(|_, values| values[400..404].copy_from_slice(&f32::INFINITY.to_le_bytes()));
    assert_says(&infinite, &["not finite"]);
    let huge = bad(|header, _| {
        header["transformer.h.0.ln_1.weight"]["shape"] = json!([u64::MAX, u64::MAX]);
    });
    assert_says(&huge, &["model.safetensors", "header"]);
}

#[test]
fn masks_are_left_out_of_safetensors_too() {
    let result = after(SAFE, |folder| {
        edit_tensors(folder, |header, values| {
            let end = values.len();
            values.push(1);
            header["h.1.attn.bias"] = json!({"dtype": "BOOL", "shape": [1, 1], "data_offsets": [end, end + 1]});
        });
    });
    assert!(result.is_ok());
}

#[test]
fn an_index_may_not_lead_elsewhere() {
    let secret = tempfile::tempdir().unwrap();
    std::fs::write(secret.path().join("model.safetensors"), "secret").unwrap();
    let absolute = secret.path().join("model.safetensors").to_string_lossy().into_owned();
    for name in ["../model.safetensors", "/etc/passwd", "a/b", "..", ".", "", "..\\x", absolute.as_str()] {
        let message = refusal(SAFE, |folder| {
            std::fs::remove_file(folder.join("model.safetensors")).unwrap();
            let index = json!({"weight_map": {"transformer.wte.weight": name}});
            std::fs::write(folder.join("model.safetensors.index.json"), index.to_string()).unwrap();
        });
        assert_says(&message, &["model.safetensors.index.json", "not in this folder"]);
    }
}

#[test]
fn a_tokenizer_that_does_not_fit() {
    let tokenizer = |folder: &Path, last: u32| {
        let vocabulary = json!({"a": 0, "b": 1, "ab": last});
        std::fs::write(folder.join("vocab.json"), vocabulary.to_string()).unwrap();
        std::fs::write(folder.join("merges.txt"), "#version: 0.2\na b\n").unwrap();
    };
    assert!(after(SAFE, |folder| tokenizer(folder, 60)).is_ok());
    assert_says(&refusal(SAFE, |folder| tokenizer(folder, 61)), &["doesn't fit", "62", "61"]);
}

#[test]
fn tokenizer_files() {
    let bad = |name: &str, text: &str| {
        refusal(SAFE, |folder| {
            std::fs::write(folder.join("vocab.json"), r#"{"a": 0, "b": 1, "ab": 2}"#).unwrap();
            std::fs::write(folder.join("merges.txt"), "a b\n").unwrap();
            std::fs::write(folder.join(name), text).unwrap();
        })
    };
    assert_says(&bad("vocab.json", "{"), &["vocab.json"]);
    assert_says(&bad("merges.txt", "a b\nab\n"), &["merges.txt", "line 2"]);
    assert_says(&bad("merges.txt", "b a\n"), &["vocab.json", "ba"]);
    assert_says(&bad("vocab.json", r#"{"a": 0, "b": 1, "ab": 4294967295}"#), &["vocab.json", "`ab`", "4294967295"]);
    assert_says(&bad("added_tokens.json", r#"{"<x>": 7}"#), &["added_tokens.json", "<x>", "7", "3"]);
    assert_says(&bad("special_tokens_map.json", "]"), &["special_tokens_map.json"]);
    assert_says(&bad("tokenizer.json", "{}"), &["tokenizer.json"]);
    assert_says(
        &bad("generation_config.json", r#"{"eos_token_id": "x"}"#),
        &["generation_config.json", "eos_token_id"],
    );
    let alone = |folder: &Path| std::fs::write(folder.join("vocab.json"), "{}").unwrap();
    assert_says(&refusal(SAFE, alone), &["merges.txt", "missing"]);
}

#[test]
fn tokenizers_of_another_kind() {
    let tokenizer = |change: &dyn Fn(&mut Value)| {
        let mut tokenizer = json!({"version": "1.0", "added_tokens": [], "decoder": {"type": "ByteLevel"},
            "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]}});
        tokenizer["decoder"]["add_prefix_space"] = json!(true);
        tokenizer["decoder"]["trim_offsets"] = json!(true);
        change(&mut tokenizer);
        after(SAFE, |folder| {
            std::fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).unwrap();
        })
    };
    let refusal = |change: fn(&mut Value)| tokenizer(&change).unwrap_err().to_string();
    assert!(tokenizer(&|_| ()).is_ok());
    let fuse = refusal(|tokenizer| tokenizer["decoder"] = json!({"type": "Fuse"}));
    assert_says(&fuse, &["tokenizer.json", "ByteLevel"]);
    let dropout = refusal(|tokenizer| tokenizer["model"]["dropout"] = json!(0.1));
    assert_says(&dropout, &["tokenizer.json", "model.dropout"]);
    let prefix = refusal(|tokenizer| tokenizer["model"]["continuing_subword_prefix"] = json!("###"));
    assert_says(&prefix, &["tokenizer.json", "continuing_subword_prefix"]);
    // A regular expression of somebody else's could take for ever.
    let split = json!({"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated", "invert": false});
    let regex = tokenizer(&|tokenizer| tokenizer["pre_tokenizer"] = split.clone()).unwrap_err().to_string();
    assert_says(&regex, &["tokenizer.json", "pre_tokenizer", "Split", "ByteLevel"]);
    let charsmap =
        refusal(|tokenizer| tokenizer["normalizer"] = json!({"type": "Precompiled", "precompiled_charsmap": "AA"}));
    assert_says(&charsmap, &["tokenizer.json", "normalizer", "Precompiled"]);
}

/// Found by fuzzing: the crate `tokenizers` panicked.
#[test]
fn a_decoder_that_is_no_text_is_refused() {
    let message = refusal(SAFE, |folder| {
        let text = b"{\"decoder\": {\"type\": \"ByteLevel\", \"use_rege\xff\": true}, \"model\": {\"vocab\": {}, \"merges\": []}}";
        std::fs::write(folder.join("tokenizer.json"), text).unwrap();
    });
    assert_says(&message, &["tokenizer.json", "unicode"]);
}

#[test]
fn eos_ids_come_from_the_generation_config_first() {
    let eos = |text: Option<&str>| {
        let folder = copy(&own(SAFE));
        if let Some(text) = text {
            std::fs::write(folder.path().join("generation_config.json"), text).unwrap();
        }
        let engine = support::engine();
        support::load(&engine, folder.path(), Precision::F32).eos_token_ids().to_vec()
    };
    assert_eq!(eos(None), [2]);
    assert_eq!(eos(Some("{}")), [2]);
    assert_eq!(eos(Some(r#"{"eos_token_id": 7}"#)), [7]);
    assert_eq!(eos(Some(r#"{"eos_token_id": [7, 2]}"#)), [7, 2]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Whatever a flipped byte does, it is an error or another number, never a panic.
    #[test]
    fn corrupt_bytes_never_panic(at in 0usize..6000, byte in any::<u8>(), torch in any::<bool>()) {
        let (checkpoint, name) = if torch { (TORCH, "pytorch_model.bin") } else { (SAFE, "model.safetensors") };
        let _ = after(checkpoint, |folder| {
            let mut file = std::fs::read(folder.join(name)).unwrap();
            file[at] = byte;
            std::fs::write(folder.join(name), file).unwrap();
        });
    }

    /// As above, near the end, where the directory of a zip is.
    #[test]
    fn corrupt_directories_never_panic(back in 1usize..6000, byte in any::<u8>()) {
        let _ = after(TORCH, |folder| {
            let path = folder.join("pytorch_model.bin");
            let mut file = std::fs::read(&path).unwrap();
            let at = file.len() - back;
            file[at] = byte;
            std::fs::write(path, file).unwrap();
        });
    }
}
