//! Equality with Hugging Face on small checkpoints of every shape that it writes.

use std::collections::BTreeMap;
use std::path::Path;

use maskarad_engine::{Engine, GenerationConfig, Precision, StopReason, sampling};
use serde::Deserialize;

use crate::support::{self, max_difference, shared};

#[derive(Deserialize)]
struct Golden {
    input_ids: Vec<u32>,
    logits_first: Vec<f32>,
    logits_last: Vec<f32>,
    greedy_24: Vec<u32>,
    #[serde(rename = "greedy_24_repetition_penalty_1.3_no_repeat_ngram_3")]
    penalised: Vec<u32>,
    #[serde(rename = "sampling_probabilities_last_rep1.2_ngram2_temp0.8_topk40_topp0.9")]
    probabilities: BTreeMap<u32, f32>,
}

#[test]
fn own_checkpoints_equal_hugging_face() {
    let folders = support::folders(&support::own(""));
    assert_eq!(folders.len(), 3);
    for folder in folders {
        check(&folder);
    }
}

#[test]
fn shared_checkpoints_equal_hugging_face() {
    let Some(parity) = shared("models/parity") else {
        return;
    };
    let folders = support::folders(&parity);
    assert_eq!(folders.len(), 17);
    let worst = folders.iter().map(|folder| check(folder)).fold(0.0, f32::max);
    println!("greatest logit error of 17 checkpoints: {worst:e}");
}

/// Checks a checkpoint on every instruction set of this machine. Returns the greatest error of a logit.
fn check(folder: &Path) -> f32 {
    println!("{}", folder.display());
    let golden: Golden = serde_json::from_value(support::json(&folder.join("golden.json"))).unwrap();
    let mut worst = 0.0f32;
    for (set, engine) in support::engines() {
        println!(" {set}");
        worst = worst.max(check_f32(&engine, folder, &golden));
        check_int8(&engine, folder, &golden);
    }
    worst
}

fn check_f32(engine: &Engine, folder: &Path, golden: &Golden) -> f32 {
    let model = support::load(engine, folder, Precision::F32);
    let all = model.logits(&golden.input_ids).unwrap();
    let mut request = support::request(&model, &golden.input_ids, greedy());
    request.want_logits = true;
    let finished = support::finish(engine.generate(request).unwrap());
    let served = finished.prompt_logits.unwrap();
    let error = max_difference(&all[0], &golden.logits_first).max(max_difference(&served, &golden.logits_last));
    println!("  greatest logit error {error:e}");
    assert!(error < 1e-3);
    assert!(max_difference(&served, all.last().unwrap()) < 1e-4);

    assert_eq!((finished.ids, finished.stop_reason), (golden.greedy_24.clone(), StopReason::Length));
    let penalties = GenerationConfig { repetition_penalty: 1.3, no_repeat_ngram_size: 3, ..greedy() };
    assert_eq!(support::generate(engine, &model, &golden.input_ids, penalties).ids, golden.penalised);
    check_probabilities(served, golden);
    error
}

fn check_probabilities(logits: Vec<f32>, golden: &Golden) {
    let config = GenerationConfig {
        do_sample: true,
        repetition_penalty: 1.2,
        no_repeat_ngram_size: 2,
        temperature: 0.8,
        top_k: 40,
        top_p: 0.9,
        ..GenerationConfig::default()
    };
    let probabilities = sampling::probabilities(logits, &golden.input_ids, &config).unwrap();
    let ids: Vec<u32> = probabilities.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, golden.probabilities.keys().copied().collect::<Vec<_>>());
    for (id, probability) in probabilities {
        assert!((probability - golden.probabilities[&id]).abs() < 1e-4, "{id}: {probability}");
    }
}

/// Int8 has no golden: it must load, answer, and stay near f32.
fn check_int8(engine: &Engine, folder: &Path, golden: &Golden) {
    let model = support::load(engine, folder, Precision::Int8);
    let logits = model.logits(&golden.input_ids).unwrap();
    let error = max_difference(logits.last().unwrap(), &golden.logits_last);
    let spread = golden.logits_last.iter().fold(0.0f32, |most, logit| most.max(logit.abs()));
    println!("  int8 differs by {error} of {spread}");
    assert!(error < 0.15 * spread);
    assert_eq!(support::generate(engine, &model, &golden.input_ids, greedy()).ids.len(), 24);
}

fn greedy() -> GenerationConfig {
    GenerationConfig { max_new_tokens: 24, ..GenerationConfig::default() }
}
