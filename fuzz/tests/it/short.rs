//! Targets, run as processes of their own, and that none of them is forgotten by the long version.

use std::path::Path;
use std::process::Command;

use maskarad_fuzz::{TARGETS, Target, mutate, seeds};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// Address space a target may use, in KiB: inputs of kilobytes may not ask for gigabytes.
const MEMORY: u32 = 4 << 20;

/// Declares a test for each target, so that they run side by side and by name.
macro_rules! short {
    ($($name:ident: $cases:expr,)*) => {
        $(#[test]
        fn $name() {
            run(stringify!($name), $cases);
        })*

        #[test]
        fn every_target_has_a_short_version() {
            assert_eq!(TARGETS.map(|target| target.name), [$(stringify!($name)),*]);
        }
    };
}

short! {
    update: 4000,
    command: 6000,
    prompt: 1500,
    manifest: 3000,
    settings: 4000,
    config_json: 6000,
    safetensors: 2000,
    torch: 2000,
    adapter_config: 3000,
    adapter_weights: 2000,
    tokenizer_json: 2000,
    tokenizer_vocabulary: 3000,
    board: 2000,
    plain: 2000,
    dialogues: 2000,
    utterances: 2000,
    table: 2000,
    telegram_json: 4000,
    telegram_html: 1500,
}

fn run(target: &str, cases: u32) {
    let limited = format!("ulimit -v {MEMORY} && exec \"$0\" run {target} --cases {cases}");
    let output = Command::new("sh").args(["-c", &limited, env!("CARGO_BIN_EXE_maskarad-fuzz")]).output().unwrap();
    let (told, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{told}{complaint}", output.status);
    print!("{told}");
}

#[test]
fn every_target_has_a_long_version() {
    let folder = seeds::repository().join("fuzz/libfuzzer");
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    for Target { name, .. } in TARGETS {
        assert!(manifest.contains(&format!("\nname = \"{name}\"\n")), "{name} is no binary of fuzz/libfuzzer");
        let body = std::fs::read_to_string(folder.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(body.contains(&format!("fuzzed!(\"{name}\")")), "{name}: {body}");
    }
}

#[test]
fn every_corpus_belongs_to_a_target() {
    for entry in std::fs::read_dir(seeds::repository().join("fuzz/corpus")).unwrap() {
        let name = entry.unwrap().file_name();
        assert!(Target::named(name.to_str().unwrap()).is_some(), "{}", Path::new(&name).display());
    }
}

#[test]
fn changes_follow_from_the_seed() {
    let inputs = |seed| {
        let mut random = StdRng::seed_from_u64(seed);
        (0..50).map(|_| mutate::mutated(&mut random, &[b"abc".to_vec(), vec![]], &["word"])).collect::<Vec<_>>()
    };
    assert_eq!(inputs(1), inputs(1));
    assert_ne!(inputs(1), inputs(2));
}

#[test]
fn an_unknown_target_is_refused() {
    let status = Command::new(env!("CARGO_BIN_EXE_maskarad-fuzz")).args(["run", "nothing"]).status().unwrap();
    assert!(!status.success());
}
