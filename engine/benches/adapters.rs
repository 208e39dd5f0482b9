//! What an adapter costs: tokens per second with two adapters in the batch against the bare base, and the memory of
//! personas side by side on one base against a merged copy for each.

use std::path::Path;
use std::time::Instant;

use maskarad_engine::synthetic::{Shape, write_adapter, write_checkpoint};
use maskarad_engine::{Engine, EngineConfig, Event, GenerationConfig, ModelKey, Precision, Request};

const RANK: usize = 8;
const PROMPT: usize = 16;
const NEW: usize = 64;
/// Bare and adapted take turns so many times; the best of each counts.
const ROUNDS: usize = 3;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    write_checkpoint(&folder.path().join("base"), Shape::RUGPT3_SMALL, 1)?;
    for (name, seed) in [("a", 2), ("b", 3)] {
        write_adapter(&folder.path().join(name), Shape::RUGPT3_SMALL, RANK, seed)?;
    }
    [Precision::Int8, Precision::F32].into_iter().try_for_each(|precision| compare(folder.path(), precision))
}

#[expect(clippy::print_stdout, reason = "the tables are what a benchmark is for")]
fn compare(folder: &Path, precision: Precision) -> Result<(), Failure> {
    let engine = Engine::start(EngineConfig::default())?;
    let base = engine.load(&folder.join("base"), precision)?;
    let adapters = ["a", "b"].map(|name| engine.load_adapter(&folder.join("base"), &folder.join(name), precision));
    let [a, b] = adapters;
    let (a, b) = (a?, b?);
    println!(
        "{precision}, 12 x 768, two adapters of rank {RANK} on all linear layers, {} threads",
        engine.config().threads
    );
    println!("chats  bare tok/s  adapted tok/s  adapted/bare");
    for chats in [1, 8] {
        let (mut bare, mut adapted) = (0.0f64, 0.0f64);
        run(&engine, &[base.key()], chats)?;
        for _ in 0..ROUNDS {
            bare = bare.max(run(&engine, &[base.key()], chats)?);
            adapted = adapted.max(run(&engine, &[a.key(), b.key()], chats)?);
        }
        println!("{chats:>5}  {bare:>10.1}  {adapted:>13.1}  {:>12.3}", adapted / bare);
    }
    println!("personas  side by side MiB  merged copies MiB");
    let mebibytes = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    for personas in [1, 2, 8] {
        let (together, apart) = (base.memory() + personas * a.adapter_memory(), personas * base.memory());
        println!("{personas:>8}  {:>16.1}  {:>17.1}", mebibytes(together), mebibytes(apart));
    }
    engine.shutdown();
    Ok(())
}

/// Tokens per second of several chats at once, which take turns among the models.
fn run(engine: &Engine, models: &[ModelKey], chats: usize) -> Result<f64, Failure> {
    let begin = Instant::now();
    let running = (0..chats).map(|chat| engine.generate(request(models[chat % models.len()], chat)));
    for mut generation in running.collect::<Result<Vec<_>, _>>()? {
        loop {
            match generation.blocking_next().ok_or("the engine ended")? {
                Event::Token { .. } => {}
                Event::Finished(_) => break,
                Event::Failed(error) => return Err(error.into()),
            }
        }
    }
    Ok((chats * NEW) as f64 / begin.elapsed().as_secs_f64())
}

fn request(model: ModelKey, chat: usize) -> Request {
    let prompt = (0..PROMPT).map(|place| ((chat * 977 + place * 31) % 50_000) as u32).collect();
    let generation = GenerationConfig { max_new_tokens: NEW, ..GenerationConfig::default() };
    Request { model, prompt, generation, want_logits: false }
}
