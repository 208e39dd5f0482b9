//! How much memory a first conversion takes, measured in a process of its own.

use std::path::Path;
use std::process::Command;

use maskarad_engine::synthetic::Shape;
use maskarad_engine::{Engine, EngineConfig, Precision};

use crate::support;
use crate::torch_file::write_torch_checkpoint;

/// What the process did that the tests start: loads the checkpoint in its working folder.
#[test]
#[ignore = "run by its neighbours, in a process of its own"]
fn in_a_process_of_its_own() {
    let folder = Path::new(".");
    if !folder.join("pytorch_model.bin").exists() {
        return;
    }
    let before = status("VmHWM");
    let config = EngineConfig { threads: 2, cache: Some("cache".into()), ..EngineConfig::default() };
    let engine = Engine::start(config).unwrap();
    let begun = std::time::Instant::now();
    let model = support::load(&engine, folder, Precision::Int8);
    println!("loaded in {} ms", begun.elapsed().as_millis());
    assert!(model.logits(&[1, 2, 3]).is_ok());
    println!("start {before} KiB, peak {} KiB, now {} KiB", status("VmHWM"), status("VmRSS"));
    println!("peak={}", status("VmHWM"));
}

/// A line of `/proc/self/status`, in KiB.
fn status(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// The peak of resident memory, in bytes, of a process that loads this checkpoint.
fn peak(folder: &Path) -> u64 {
    let arguments = ["--exact", "memory::in_a_process_of_its_own", "--ignored", "--nocapture"];
    let output = Command::new(std::env::current_exe().unwrap()).args(arguments).current_dir(folder).output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    println!("{output}");
    let peak = output.lines().find_map(|line| line.strip_prefix("peak=")).expect("the process came to its end");
    peak.parse::<u64>().unwrap() << 10
}

#[test]
fn a_conversion_never_holds_the_floats_of_a_whole_model() {
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { n_positions: 64, vocab_size: 40_000, n_embd: 256, n_layer: 8, n_head: 4 };
    write_torch_checkpoint(folder.path(), shape, 1);
    let table = 4 * (shape.vocab_size * shape.n_embd) as u64;
    let weights = table + 4 * (12 * shape.n_layer * shape.n_embd * shape.n_embd) as u64;
    let (first, second) = (peak(folder.path()), peak(folder.path()));
    assert!(first < weights, "{first} bytes for {weights} bytes of floats");
    assert!(second < first && second < weights / 2 + (16 << 20), "{second} bytes for mapped weights of {weights}");
}

/// The acceptance: a VDS has 1 GB.
#[test]
#[ignore = "writes a gigabyte; `make memory` runs it"]
fn a_full_size_conversion_fits_a_small_server() {
    let folder = tempfile::tempdir().unwrap();
    write_torch_checkpoint(folder.path(), Shape::RUGPT3_SMALL, 1);
    if let Some(tokenizer) = support::shared("tokenizers/rugpt3/tokenizer.json") {
        std::fs::write(folder.path().join("tokenizer.json"), std::fs::read(tokenizer).unwrap()).unwrap();
    }
    let (first, second) = (peak(folder.path()) >> 20, peak(folder.path()) >> 20);
    println!("| first conversion, peak | {first} MiB |\n| warm start, peak | {second} MiB |");
    assert!(first <= 450, "{first} MiB");
    assert!(second <= 200, "{second} MiB");
}
