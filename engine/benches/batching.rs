//! How much sixteen chats at once cost against sixteen one after another, on a random checkpoint of full size.

use std::path::Path;
use std::time::Instant;

use maskarad_engine::synthetic::{Shape, write_checkpoint};
use maskarad_engine::{Engine, EngineConfig, Event, Generation, GenerationConfig, ModelKey, Precision, Request};

const CHATS: usize = 16;
const PROMPT: usize = 64;
const NEW: usize = 64;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("maskarad-bench-{}", std::process::id()));
    write_checkpoint(&folder, Shape::RUGPT3_SMALL, 1)?;
    let result = compare(&folder);
    std::fs::remove_dir_all(&folder)?;
    result
}

#[expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]
fn compare(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::start(EngineConfig::default())?;
    println!("{CHATS} chats, prompts of {PROMPT} tokens, {NEW} new tokens, {} threads", engine.config().threads);
    println!("precision  load s  alone tok/s  first token ms  together tok/s  together/alone");
    for precision in [Precision::F32, Precision::Int8] {
        let begin = Instant::now();
        let model = engine.load(folder, precision)?.key();
        let load = begin.elapsed().as_secs_f64();
        run(&engine, model, 1)?;
        let (alone, first) = run(&engine, model, 1)?;
        let (together, _) = run(&engine, model, CHATS)?;
        let rate = |chats: usize, seconds: f64| (chats * NEW) as f64 / seconds;
        println!(
            "{precision:<9}  {load:>6.2}  {:>11.1}  {first:>14.1}  {:>14.1}  {:>14.3}",
            rate(1, alone),
            rate(CHATS, together),
            together / (CHATS as f64 * alone),
        );
        engine.unload(&model);
    }
    engine.shutdown();
    Ok(())
}

/// Seconds until all of several chats are answered, and milliseconds to the first token of the first one.
fn run(engine: &Engine, model: ModelKey, chats: usize) -> Result<(f64, f64), Box<dyn std::error::Error>> {
    let begin = Instant::now();
    let running = (0..chats).map(|chat| engine.generate(request(model, chat))).collect::<Result<Vec<_>, _>>()?;
    let mut first = 0.0;
    for (chat, generation) in running.into_iter().enumerate() {
        let milliseconds = wait(generation)?;
        if chat == 0 {
            first = milliseconds;
        }
    }
    Ok((begin.elapsed().as_secs_f64(), first))
}

fn request(model: ModelKey, chat: usize) -> Request {
    let prompt = (0..PROMPT).map(|place| ((chat * 977 + place * 31) % 50_000) as u32).collect();
    let generation = GenerationConfig {
        max_new_tokens: NEW,
        do_sample: true,
        top_p: 0.95,
        repetition_penalty: 1.1,
        no_repeat_ngram_size: 3,
        seed: chat as u64,
        ..GenerationConfig::default()
    };
    Request { model, prompt, generation, want_logits: false }
}

fn wait(mut generation: Generation) -> Result<f64, Box<dyn std::error::Error>> {
    while let Some(event) = generation.blocking_next() {
        match event {
            Event::Token { .. } => {}
            Event::Finished(finished) => return Ok(finished.timings.prompt_ms),
            Event::Failed(error) => return Err(error.into()),
        }
    }
    Err("the engine ended".into())
}
