//! A checkpoint's weight files, loaded whole: any bytes are read or refused, and a model that was accepted generates.
//!
//! The first byte tells how the rest becomes a file: `r` as it is; otherwise as the inner part of a sound shell, for random
//! bytes never get past a length or a checksum.

use std::io::{Cursor, Write};
use std::sync::LazyLock;

use maskarad_engine::{Engine, EngineConfig, Event, GenerationConfig, LoadedModel, Precision, Request};
use serde_json::Value;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::Target;

pub(super) const SAFETENSORS: Target = Target {
    name: "safetensors",
    run: safetensors,
    words: &[
        "{\"__metadata__\":{\"format\":\"pt\"},",
        "\"transformer.wte.weight\":{",
        "\"wpe.weight\":{",
        "\"lm_head.weight\":{",
        "\"h.0.attn.c_attn.weight\":{",
        "\"h.0.attn.bias\":{",
        "\"dtype\":\"F32\"",
        "\"dtype\":\"BF16\"",
        "\"dtype\":\"F16\"",
        "\"dtype\":\"BOOL\"",
        "\"dtype\":\"F4\"",
        "\"shape\":[",
        "\"data_offsets\":[",
        "18446744073709551615",
        "0,0",
        "null",
    ],
};

pub(super) const TORCH: Target = Target {
    name: "torch",
    run: torch,
    words: &[
        "PK\u{1}\u{2}",
        "PK\u{3}\u{4}",
        "PK\u{5}\u{6}",
        "archive/data.pkl",
        "archive/data/0",
        "ctorch._utils\n_rebuild_tensor_v2\n",
        "ctorch._utils\n_rebuild_parameter\n",
        "ctorch\nFloatStorage\n",
        "ctorch\nHalfStorage\n",
        "ccollections\nOrderedDict\n",
        "X\u{7}\0\0\0storage",
        "X\u{1}\0\0\x000",
        "Q",
        "R",
        "(t",
        "}(u",
        "\u{80}\u{2}",
        "q\u{1}",
        "h\u{1}",
        "K\u{8}",
        "\u{8a}\u{8}",
    ],
};

/// A GPT-2 of 300 weights.
const CONFIG: &str = r#"{"model_type":"gpt2","n_positions":8,"vocab_size":8,"n_embd":4,"n_layer":1,"n_head":2}"#;

/// The most that is added behind a header.
const MOST_VALUES: u64 = 1 << 20;

fn safetensors(data: &[u8]) {
    let Some((form, rest)) = data.split_first() else { return };
    let file = if *form == b'r' { rest.to_vec() } else { with_values(rest) };
    loaded("model.safetensors", &file, precision(*form));
}

fn torch(data: &[u8]) {
    let Some((form, rest)) = data.split_first() else { return };
    let file = if *form == b'r' { rest.to_vec() } else { archive(rest) };
    loaded("pytorch_model.bin", &file, precision(*form));
}

pub(super) fn precision(form: u8) -> Precision {
    if form == b'8' { Precision::Int8 } else { Precision::F32 }
}

/// A header with its length before it and as many values behind it as it speaks of.
pub(super) fn with_values(header: &[u8]) -> Vec<u8> {
    let ends = |value: &Value| value["data_offsets"][1].as_u64();
    let parsed: Value = serde_json::from_slice(header).unwrap_or_default();
    let length = parsed.as_object().into_iter().flat_map(|tensors| tensors.values().filter_map(ends)).max();
    let values = (0..length.unwrap_or(0).min(MOST_VALUES)).map(|at| if at % 4 == 3 { 0x3d } else { at as u8 });
    (header.len() as u64).to_le_bytes().into_iter().chain(header.iter().copied()).chain(values).collect()
}

/// An archive as PyTorch writes it, around this pickle: two storages, of 512 and of 64 bytes.
pub(crate) fn archive(pickle: &[u8]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let values: Vec<u8> = (0..512).map(|at| if at % 4 == 3 { 0x3d } else { at as u8 }).collect();
    for (name, bytes) in [("archive/data.pkl", pickle), ("archive/data/0", &values), ("archive/data/1", &values[..64])]
    {
        let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        writer.start_file(name, stored).expect("a plain name starts a member");
        writer.write_all(bytes).expect("memory takes it");
    }
    writer.finish().expect("memory takes it").into_inner()
}

/// A folder of its own for each input; `scripts/fuzz.sh` sees to it that it lies in memory.
pub(super) fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

fn loaded(name: &str, file: &[u8], precision: Precision) {
    let folder = folder();
    for (name, bytes) in [("config.json", CONFIG.as_bytes()), (name, file)] {
        std::fs::write(folder.path().join(name), bytes).expect("a temporary folder can be written to");
    }
    match engine().load(folder.path(), precision) {
        Ok(model) => generates(&model),
        Err(error) => assert!(!error.to_string().is_empty(), "refused without a word"),
    }
}

pub(super) fn engine() -> &'static Engine {
    static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
        let config = EngineConfig { threads: 1, kv_memory: 1 << 20, ..EngineConfig::default() };
        Engine::start(config).expect("threads can be started")
    });
    &ENGINE
}

/// Whatever its numbers are: its request ends, and the engine lives on.
pub(super) fn generates(model: &LoadedModel) {
    let generation = GenerationConfig { max_new_tokens: 2, do_sample: true, top_p: 0.9, ..GenerationConfig::default() };
    let request = Request { model: model.key(), prompt: vec![1, 2], generation, want_logits: true };
    let mut answer = engine().generate(request).expect("the engine is idle");
    loop {
        match answer.blocking_next() {
            Some(Event::Finished(_) | Event::Failed(_)) => break,
            Some(_) => {}
            None => panic!("the engine died"),
        }
    }
    engine().unload(&model.key());
    assert!(engine().is_running());
}
