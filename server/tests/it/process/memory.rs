//! What the daemon takes of a small server's memory, and how soon a warm start speaks. `make memory` runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use maskarad_engine::synthetic::{Shape, write_checkpoint};

use super::{Daemon, Stage};

/// Starts of which the fastest counts: others share the machine.
const STARTS: usize = 5;

/// The files of a real tokenizer, which is not shipped.
const TOKENIZER: [&str; 5] =
    ["tokenizer.json", "vocab.json", "merges.txt", "special_tokens_map.json", "tokenizer_config.json"];

fn checkpoint(folder: &Path, tokenizer: &Path, seed: u64) -> PathBuf {
    let path = folder.join(format!("checkpoint-{seed}"));
    write_checkpoint(&path, Shape::RUGPT3_SMALL, seed).unwrap();
    for name in TOKENIZER {
        std::fs::write(path.join(name), std::fs::read(tokenizer.join(name)).unwrap()).unwrap();
    }
    path
}

/// Serves, and returns the memory after a reply of each bot that is to be asked.
async fn resident(stage: &Stage, bots: &[usize]) -> (Daemon, u64) {
    let daemon = stage.serve(&[]);
    for bot in bots {
        stage.answers(*bot, &daemon).await;
    }
    let memory = daemon.memory();
    (daemon, memory)
}

/// From the start of the program to the end of one that says a single token.
fn first_token(stage: &Stage, model: &Path) -> Duration {
    let start = || {
        let started = Instant::now();
        let arguments =
            ["generate", "--precision", "int8", "--ids", "1,33538,25833", "--max-new-tokens", "1", "--model"];
        let output = Command::new(super::program())
            .args(arguments)
            .arg(model)
            .current_dir(stage.folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let elapsed = started.elapsed();
        assert!(output.status.success() && !output.stdout.is_empty(), "{output:?}");
        elapsed
    };
    (0..STARTS).map(|_| start()).min().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes a gigabyte; `make memory` runs it"]
async fn full_size_personas_fit_a_small_server() {
    let tokenizer = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/tokenizers/rugpt3");
    if !tokenizer.is_dir() {
        println!("skipped: ../shared not found");
        return;
    }
    let stage = Stage::new().await;
    let [first, second] = [1, 2].map(|seed| checkpoint(stage.folder.path(), &tokenizer, seed));
    let write = |name: &str, variable: &str, model: &Path| {
        let text =
            format!("name: {name}\ntoken: {{ env: {variable} }}\nmodel: {{ path: {model:?}, precision: int8 }}\n");
        stage.write_manifest_with(name, &text, 16);
    };
    std::fs::remove_file(stage.folder.path().join("personas/polkson.yaml")).unwrap();
    write("avtobus", "AVTOBUS_TOKEN", &first);
    let (daemon, cold) = resident(&stage, &[0]).await;
    let peak = daemon.peak_memory();
    drop(daemon);
    let one = resident(&stage, &[0]).await.1;
    let soonest = first_token(&stage, &first);
    write("polkson", "POLKSON_TOKEN", &second);
    drop(resident(&stage, &[0, 1]).await);
    let two = resident(&stage, &[0, 1]).await.1;
    println!("| what | measured | at most |\n|---|---|---|");
    println!("| first start, which converts: peak | {peak} MiB | 450 MiB |");
    println!("| the same, after a reply | {cold} MiB | |");
    println!("| one persona, after a reply | {one} MiB | 200 MiB |");
    println!("| another full checkpoint more | {} MiB | 150 MiB |", two - one);
    println!("| warm start to the first token | {} ms | 300 ms |", soonest.as_millis());
    assert!(peak <= 450 && one <= 200 && two - one <= 150);
    assert!(soonest <= Duration::from_millis(300));
}
