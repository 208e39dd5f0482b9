//! Twenty steps beside torch and PEFT: losses, norms, logits afterwards. Our own runs are made by `../data/make_training.py`.

use std::path::{Path, PathBuf};

use maskarad_trainer::train::gpt2::{AdamWConfig, Gpt2Learner, LoraConfig};
use maskarad_trainer::train::{Batch, DropoutKey, Learner};
use serde_json::Value;

/// A folder as `../shared/models/training`, or our own.
fn runs(folder: &Path) -> (Value, Value) {
    let read = |name: &str| {
        let text = std::fs::read(folder.join(name).join("golden.json")).unwrap();
        serde_json::from_slice::<Value>(&text).unwrap()
    };
    (read("full"), read("lora"))
}

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn integers(rows: &Value) -> Vec<i64> {
    let rows = rows.as_array().unwrap().iter();
    rows.flat_map(|row| row.as_array().unwrap()).map(|number| number.as_i64().unwrap()).collect()
}

fn batches(golden: &Value) -> Vec<Batch> {
    let all = golden["batches"].as_array().unwrap().iter().zip(golden["labels"].as_array().unwrap());
    all.map(|(ids, labels)| {
        let rows = ids.as_array().unwrap().len();
        let ids: Vec<u32> = integers(ids).into_iter().map(|id| u32::try_from(id).unwrap()).collect();
        Batch { rows, columns: ids.len() / rows, labels: integers(labels), ids }
    })
    .collect()
}

/// Labels that count, those of each row's first token don't.
fn labels(batch: &Batch) -> usize {
    let rows = batch.labels.chunks(batch.columns);
    rows.flat_map(|row| &row[1..]).filter(|label| **label >= 0).count()
}

fn follow(golden: &Value, batches: &[Batch], learner: &mut Gpt2Learner) {
    let rate = golden["optimizer"]["lr"].as_f64().unwrap();
    let (losses, norms) = (floats(&golden["losses"]), floats(&golden["gradient_norms_before_clipping"]));
    let (warmup, total) = (5.0, losses.len() as f64);
    for (step, (loss, norm)) in losses.iter().zip(&norms).enumerate() {
        let batch = &batches[step];
        let count = labels(batch);
        let ours = learner.accumulate(batch, count, DropoutKey(0)).unwrap() / count as f64;
        let at = step as f64;
        let share = if at < warmup { at / warmup } else { (total - at) / (total - warmup) };
        let our_norm = learner.step(rate * share).unwrap();
        assert!((ours - loss).abs() < 1e-3, "step {step}: loss {ours}, torch has {loss}");
        assert!(step >= 5 || (our_norm / norm - 1.0).abs() < 1e-3, "step {step}: norm {our_norm}, torch has {norm}");
    }
    let logits = floats(&golden["logits_after"]);
    let first = &batches[0];
    let ours = learner.logits(&first.ids[..first.columns], first.columns).unwrap();
    let ours = &ours[ours.len() - logits.len()..];
    let worst = ours.iter().zip(&logits).map(|(ours, theirs)| (f64::from(*ours) - theirs).abs()).fold(0.0, f64::max);
    eprintln!("worst logit: {worst:.5}");
    assert!(worst < 5e-3, "logits differ by {worst}");
}

fn optimizer(golden: &Value) -> AdamWConfig {
    let weight_decay = golden["optimizer"]["weight_decay"].as_f64().unwrap();
    AdamWConfig { weight_decay, max_grad_norm: Some(1.0), ..AdamWConfig::default() }
}

fn both(folder: &Path) {
    let (full, lora) = runs(folder);
    let batches = batches(&full);
    let mut learner = Gpt2Learner::full(&folder.join("full/start"), optimizer(&full), 0.0).unwrap();
    follow(&full, &batches, &mut learner);

    let config: Value =
        serde_json::from_slice(&std::fs::read(folder.join("lora/adapter_start/adapter_config.json")).unwrap()).unwrap();
    let target_modules = config["target_modules"].as_array().unwrap().iter();
    let config = LoraConfig {
        r: usize::try_from(config["r"].as_u64().unwrap()).unwrap(),
        lora_alpha: config["lora_alpha"].as_f64().unwrap(),
        lora_dropout: 0.0,
        target_modules: target_modules.map(|module| module.as_str().unwrap().to_owned()).collect(),
    };
    let mut learner = Gpt2Learner::lora(&folder.join("lora/base"), config, optimizer(&lora), 0.0, 0).unwrap();
    learner.take_adapter(&folder.join("lora/adapter_start")).unwrap();
    follow(&lora, &batches, &mut learner);
}

#[test]
fn training_follows_torch_and_peft() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/models/training");
    if !folder.exists() {
        eprintln!("skipped: ../shared not found");
        return;
    }
    both(&folder);
}

#[test]
fn our_own_runs_follow_torch_and_peft() {
    both(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/training"));
}
