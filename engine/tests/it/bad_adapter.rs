//! Adapters that can't be served: each is refused with a word that names the file and the place in it.

use std::path::Path;

use maskarad_engine::synthetic::{Shape, write_adapter, write_checkpoint};
use maskarad_engine::{LoadError, Precision};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Value, json};

use crate::support;

const NAME: &str = "base_model.model.transformer.h.1.attn.c_attn.lora_A.weight";

/// What is said of an adapter of rank 4 that somebody changed.
fn refusal(change: impl FnOnce(&Path)) -> String {
    let (base, adapter) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_checkpoint(base.path(), Shape::TINY, 1).unwrap();
    write_adapter(adapter.path(), Shape::TINY, 4, 2).unwrap();
    change(adapter.path());
    let engine = support::engine();
    let error = engine.load_adapter(base.path(), adapter.path(), Precision::F32).unwrap_err();
    assert_eq!(engine.loaded_models(), []);
    error.to_string().replace(&adapter.path().display().to_string(), "adapter")
}

fn set(folder: &Path, field: &str, value: Value) {
    let path = folder.join("adapter_config.json");
    let mut config = support::json(&path);
    config[field] = value;
    std::fs::write(path, config.to_string()).unwrap();
}

/// Writes the tensors anew, some of them changed, left out (`None`) or added.
fn change(folder: &Path, edit: impl Fn(&str, &TensorView<'_>) -> Option<(String, Dtype, Vec<usize>, Vec<u8>)>) {
    let path = folder.join("adapter_model.safetensors");
    let file = std::fs::read(&path).unwrap();
    let tensors = SafeTensors::deserialize(&file).unwrap();
    let changed: Vec<_> = tensors.tensors().iter().filter_map(|(name, view)| edit(name, view)).collect();
    let views = changed
        .iter()
        .map(|(name, dtype, shape, bytes)| (name.as_str(), TensorView::new(*dtype, shape.clone(), bytes).unwrap()));
    safetensors::serialize_to_file(views, None, &path).unwrap();
}

fn same(name: &str, view: &TensorView<'_>) -> (String, Dtype, Vec<usize>, Vec<u8>) {
    (name.to_owned(), view.dtype(), view.shape().to_vec(), view.data().to_vec())
}

#[test]
fn files_that_are_not_there_or_cut_off_are_named() {
    let told = refusal(|folder| std::fs::remove_file(folder.join("adapter_config.json")).unwrap());
    assert!(told.starts_with("adapter: has no adapter_config.json"), "{told}");
    let told = refusal(|folder| std::fs::remove_file(folder.join("adapter_model.safetensors")).unwrap());
    assert!(told.starts_with("adapter: has no adapter_model.safetensors or adapter_model.bin"), "{told}");
    let told = refusal(|folder| {
        let path = folder.join("adapter_model.safetensors");
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    });
    assert!(told.starts_with("adapter/adapter_model.safetensors: header: describes"), "{told}");
    let told = refusal(|folder| std::fs::write(folder.join("adapter_config.json"), "{").unwrap());
    assert!(told.starts_with("adapter/adapter_config.json: text: is no JSON object"), "{told}");
}

#[test]
fn tensors_that_do_not_fit_are_named() {
    let tensor = |problem: &str, told: String| {
        let short = NAME.strip_prefix("base_model.model.transformer.").unwrap();
        assert!(told.starts_with("adapter/adapter_model.safetensors: tensor `h."), "{told}");
        assert!(told.contains(problem) && told.contains(short), "{told}");
    };
    type Edited = Option<(String, Dtype, Vec<usize>, Vec<u8>)>;
    let edited = |edit: fn(&str, Vec<usize>, Vec<u8>) -> Edited| {
        refusal(|folder| {
            change(folder, |name, view| {
                if name == NAME {
                    edit(name, view.shape().to_vec(), view.data().to_vec())
                } else {
                    Some(same(name, view))
                }
            });
        })
    };
    tensor("is missing, though adapter_config.json names its layer", edited(|_, _, _| None));
    tensor("has the shape [64, 4]", edited(|name, _, bytes| Some((name.into(), Dtype::F32, vec![64, 4], bytes))));
    tensor("is of type I32", edited(|name, shape, bytes| Some((name.into(), Dtype::I32, shape, bytes))));
    tensor(
        "not finite at index 1",
        edited(|name, shape, mut bytes| {
            bytes[4..8].copy_from_slice(&f32::NAN.to_le_bytes());
            Some((name.into(), Dtype::F32, shape, bytes))
        }),
    );
    let told = refusal(|folder| set(folder, "target_modules", json!(["c_proj", "c_fc"])));
    assert!(told.contains("tensor `h.0.attn.c_attn.lora_A.weight` is of no layer"), "{told}");
    let told = refusal(|folder| set(folder, "r", json!(8)));
    assert!(told.contains("but the base and adapter_config.json imply [8, 64]"), "{told}");
    let told = refusal(|folder| set(folder, "lora_alpha", json!(1e300)));
    assert!(told.contains("lora_B.weight` has values too large for lora_alpha"), "{told}");
    let told = refusal(|folder| set(folder, "use_dora", json!(true)));
    assert!(told.starts_with("adapter/adapter_config.json: use_dora: is true"), "{told}");
}

#[test]
fn half_floats_are_read() {
    let (base, adapter) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_checkpoint(base.path(), Shape::TINY, 1).unwrap();
    write_adapter(adapter.path(), Shape::TINY, 4, 2).unwrap();
    let engine = support::engine();
    let whole = engine.load_adapter(base.path(), adapter.path(), Precision::F32).unwrap().logits(&[1, 2, 3]).unwrap();
    change(adapter.path(), |name, view| {
        let halves = view.data().as_chunks::<4>().0.iter().map(|bytes| half::f16::from_f32(f32::from_le_bytes(*bytes)));
        let halves = halves.flat_map(half::f16::to_le_bytes).collect();
        Some((name.to_owned(), Dtype::F16, view.shape().to_vec(), halves))
    });
    let half = engine.load_adapter(base.path(), adapter.path(), Precision::F32).unwrap().logits(&[1, 2, 3]).unwrap();
    let error = support::max_difference(&whole[2], &half[2]);
    assert!(error > 0.0 && error < 1e-2, "{error}");
}

#[test]
fn a_tokenizer_with_more_tokens_is_refused_and_the_base_s_is_ignored() {
    let Some(folder) = support::shared("models/mini-ru") else {
        return;
    };
    let engine = support::engine();
    let base = support::load(&engine, &folder, Precision::F32);
    let config = base.config();
    let shape = Shape {
        n_positions: config.n_positions,
        vocab_size: config.vocab_size,
        n_embd: config.n_embd,
        n_layer: config.n_layer,
        n_head: config.n_head,
    };
    let adapter = tempfile::tempdir().unwrap();
    write_adapter(adapter.path(), shape, 2, 1).unwrap();
    let tokenizer = support::json(&folder.join("tokenizer.json"));
    std::fs::write(adapter.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
    let model = engine.load_adapter(&folder, adapter.path(), Precision::F32).unwrap();
    assert!(model.shares_base(&base));
    let mut more = tokenizer;
    let mut added = more["added_tokens"][0].clone();
    added["id"] = json!(base.tokenizer().unwrap().rows());
    added["content"] = json!("<new>");
    more["added_tokens"].as_array_mut().unwrap().push(added);
    std::fs::write(adapter.path().join("tokenizer.json"), more.to_string()).unwrap();
    match engine.load_adapter(&folder, adapter.path(), Precision::F32) {
        Err(LoadError::AdapterTokenizer { .. } | LoadError::TokenizerTooLarge { .. }) => {}
        other => panic!("{other:?}"),
    }
}
