//! An adapter's two files, loaded whole onto a sound base: any bytes are read or refused, and an adapter that was
//! accepted generates. The first byte of the weights tells how the rest becomes a file, as for a checkpoint's.

use std::sync::LazyLock;

use maskarad_engine::Precision;
use maskarad_engine::synthetic::{Shape, write_adapter, write_checkpoint};
use tempfile::TempDir;

use super::Target;
use super::checkpoint::{engine, folder, generates, precision, with_values};

pub(super) const CONFIG: Target = Target {
    name: "adapter_config",
    run: config,
    words: &[
        "\"peft_type\":\"LORA\"",
        "\"task_type\":\"CAUSAL_LM\"",
        "\"r\":",
        "\"lora_alpha\":",
        "\"use_rslora\":true",
        "\"rank_pattern\":{\"c_attn\":",
        "\"alpha_pattern\":{\"h.0.mlp.c_proj\":",
        "\"layers_to_transform\":[0",
        "\"layers_pattern\":\"h\"",
        "\"target_modules\":[",
        "\"all-linear\"",
        "\"init_lora_weights\":",
        "\"use_dora\":",
        "18446744073709551615",
        "1e308",
        "-1",
        "null",
    ],
};

pub(super) const WEIGHTS: Target = Target {
    name: "adapter_weights",
    run: weights,
    words: &[
        "\"base_model.model.transformer.h.0.attn.c_attn.lora_A.weight\":{",
        "\"h.0.mlp.c_proj.lora_B.weight\":{",
        "\"dtype\":\"F32\"",
        "\"dtype\":\"BF16\"",
        "\"dtype\":\"F16\"",
        "\"shape\":[2,4]",
        "\"shape\":[",
        "\"data_offsets\":[",
        "18446744073709551615",
        "0,0",
    ],
};

/// A GPT-2 of 300 weights.
const BASE: Shape = Shape { n_positions: 8, vocab_size: 8, n_embd: 4, n_layer: 1, n_head: 2 };

const RANK: usize = 2;

fn config(data: &[u8]) {
    let weights = &SOUND.1;
    loaded(data, weights, Precision::F32);
}

fn weights(data: &[u8]) {
    let Some((form, rest)) = data.split_first() else { return };
    let file = if *form == b'r' { rest.to_vec() } else { with_values(rest) };
    loaded(&SOUND.0, &file, precision(*form));
}

/// The files of a sound adapter.
static SOUND: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
    let folder = folder();
    write_adapter(folder.path(), BASE, RANK, 1).expect("a temporary folder can be written to");
    let read = |name: &str| std::fs::read(folder.path().join(name)).expect("it was written just now");
    (read("adapter_config.json"), read("adapter_model.safetensors"))
});

fn base() -> TempDir {
    let folder = folder();
    write_checkpoint(folder.path(), BASE, 1).expect("a temporary folder can be written to");
    folder
}

fn loaded(config: &[u8], weights: &[u8], precision: Precision) {
    static CHECKPOINT: LazyLock<TempDir> = LazyLock::new(base);
    let folder = folder();
    for (name, bytes) in [("adapter_config.json", config), ("adapter_model.safetensors", weights)] {
        std::fs::write(folder.path().join(name), bytes).expect("a temporary folder can be written to");
    }
    match engine().load_adapter(CHECKPOINT.path(), folder.path(), precision) {
        Ok(model) => generates(&model),
        Err(error) => assert!(!error.to_string().is_empty(), "refused without a word"),
    }
}
