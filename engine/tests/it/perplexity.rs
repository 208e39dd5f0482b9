//! The small Russian model: perplexity and replies equal Hugging Face's, and int8 costs next to nothing.

use std::path::Path;

use maskarad_engine::{GenerationConfig, LoadedModel, Precision, StopReason, Tokenizer};
use rayon::prelude::*;

use crate::support::{self, shared};

const BLOCK: usize = 256;

#[test]
fn int8_keeps_the_perplexity_of_a_part() {
    let Some(folder) = shared("models/mini-ru") else {
        return;
    };
    let engine = support::engine();
    let full = support::load(&engine, &folder, Precision::F32);
    let ids = heldout_ids(&folder, full.tokenizer().unwrap());
    // A twelfth of the text is enough to compare with itself, and keeps the suite quick.
    compare(&full, &support::load(&engine, &folder, Precision::Int8), &ids[..ids.len() / 12]);
}

#[test]
#[ignore = "takes minutes; `make perplexity` runs it"]
fn perplexity_equals_hugging_face_and_int8_keeps_it() {
    let Some(folder) = shared("models/mini-ru") else {
        return;
    };
    let golden = support::json(&folder.join("golden.json"));
    let expected =
        &golden["evaluations"].as_array().unwrap().iter().find(|e| e["block"] == BLOCK).unwrap()["perplexity"];
    let engine = support::engine();
    let model = support::load(&engine, &folder, Precision::F32);
    let ids = heldout_ids(&folder, model.tokenizer().unwrap());
    let full = compare(&model, &support::load(&engine, &folder, Precision::Int8), &ids);
    println!("Hugging Face {expected}");
    assert!((full - expected.as_f64().unwrap()).abs() < 0.01);
}

/// Asserts that int8 changes next to nothing; the perplexity of f32.
fn compare(full: &LoadedModel, int8: &LoadedModel, ids: &[u32]) -> f64 {
    let (before, after) = (perplexity(full, ids), perplexity(int8, ids));
    let change = after / before - 1.0;
    println!("perplexity: f32 {before}, int8 {after}, {change:+.5}");
    assert!(change.abs() < 0.01);
    before
}

#[test]
fn greedy_replies_equal_hugging_face() {
    let Some(folder) = shared("models/mini-ru") else {
        return;
    };
    let golden = support::json(&folder.join("golden.json"));
    let engine = support::engine();
    let model = support::load(&engine, &folder, Precision::F32);
    let tokenizer = model.tokenizer().unwrap();
    for case in golden["generations"].as_array().unwrap() {
        let ids: Vec<u32> = serde_json::from_value(case["prompt_ids"].clone()).unwrap();
        assert_eq!(tokenizer.encode(case["prompt"].as_str().unwrap()).unwrap(), ids);
        let expected: Vec<u32> = serde_json::from_value(case["greedy_repetition_penalty_1_2_ids"].clone()).unwrap();
        let generation = GenerationConfig {
            max_new_tokens: expected.len(),
            repetition_penalty: 1.2,
            eos_token_ids: model.eos_token_ids().to_vec(),
            ..GenerationConfig::default()
        };
        let finished = support::generate(&engine, &model, &ids, generation);
        println!("{:?}: {:?}", case["prompt"], finished.text);
        assert_eq!(finished.ids, expected);
        // Hugging Face's text shows the eos that ended it.
        let eos = if finished.stop_reason == StopReason::Eos { "</s>" } else { "" };
        assert_eq!(finished.text.unwrap() + eos, case["text"].as_str().unwrap());
    }
}

/// All dialogues in the format that `golden.json` describes, one after another.
fn heldout_ids(folder: &Path, tokenizer: &Tokenizer) -> Vec<u32> {
    let text = std::fs::read_to_string(folder.join("heldout.jsonl")).unwrap();
    let mut ids = Vec::new();
    for line in text.lines() {
        let dialogue: serde_json::Value = serde_json::from_str(line).unwrap();
        let turns = dialogue["dialogue"].as_array().unwrap();
        let speakers = ["@@ПЕРВЫЙ@@", "@@ВТОРОЙ@@"].iter().cycle();
        let turns: Vec<String> =
            speakers.zip(turns).map(|(speaker, turn)| format!("{speaker} {}", turn.as_str().unwrap())).collect();
        ids.extend(tokenizer.encode(&(turns.join(" ") + "</s>")).unwrap());
    }
    ids
}

fn perplexity(model: &LoadedModel, ids: &[u32]) -> f64 {
    let mut losses = Vec::new();
    for block in ids.chunks_exact(BLOCK) {
        let logits = model.logits(block).unwrap();
        let next = logits[..BLOCK - 1].par_iter().zip(block[1..].par_iter());
        losses.par_extend(next.map(|(logits, next)| loss(logits, *next)));
    }
    (losses.iter().sum::<f64>() / losses.len() as f64).exp()
}

/// Negative log-likelihood of one token.
fn loss(logits: &[f32], id: u32) -> f64 {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f64 = logits.iter().map(|logit| f64::from(logit - top).exp()).sum();
    total.ln() - f64::from(logits[id as usize] - top)
}
