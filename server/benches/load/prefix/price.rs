//! What a token costs this machine, in milliseconds.

use std::time::Instant;

use anyhow::{Context, bail};
use maskarad_engine::{Engine, Event, Finished, Generation, GenerationConfig, ModelKey, Request};

use crate::figures::median;

/// Replies that are generated at once where several are.
pub(super) const COMPANY: usize = 32;
/// The short and the long prompt whose difference is the price of a prompt's token.
const PROMPTS: (usize, usize) = (64, 512);
const NEW: usize = 128;
const REPEATS: usize = 5;

/// Milliseconds a token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Price {
    /// In a prompt.
    pub(super) prompt: f64,
    /// In the reply of a chat that is alone.
    pub(super) alone: f64,
    /// In a reply among others, its part of what they cost together.
    pub(super) together: f64,
}

/// Measures them.
pub(super) async fn of(engine: &Engine, model: ModelKey) -> anyhow::Result<Price> {
    let mut firsts = (Vec::new(), Vec::new());
    let mut alone = Vec::new();
    for _ in 0..=REPEATS {
        firsts.0.push(one(engine, request(model, PROMPTS.0, 1)).await?.timings.prompt_ms);
        firsts.1.push(one(engine, request(model, PROMPTS.1, 1)).await?.timings.prompt_ms);
        alone.push(one(engine, request(model, PROMPTS.0, NEW)).await?.timings.generate_ms / (NEW - 1) as f64);
    }
    // The first round warms up.
    let prompt = (median(firsts.1.split_off(1)) - median(firsts.0.split_off(1))) / (PROMPTS.1 - PROMPTS.0) as f64;
    let began = Instant::now();
    let running =
        (0..COMPANY).map(|_| engine.generate(request(model, PROMPTS.0, NEW))).collect::<Result<Vec<_>, _>>()?;
    for generation in running {
        finish(generation).await?;
    }
    let all = began.elapsed().as_secs_f64() * 1000.0 - prompt * (COMPANY * PROMPTS.0) as f64;
    Ok(Price { prompt, alone: median(alone.split_off(1)), together: all / (COMPANY * NEW) as f64 })
}

/// Carries a request out.
pub(super) async fn one(engine: &Engine, request: Request) -> anyhow::Result<Finished> {
    finish(engine.generate(request)?).await
}

/// Waits for the end of a generation.
pub(super) async fn finish(mut generation: Generation) -> anyhow::Result<Finished> {
    loop {
        match generation.next().await.context("the engine lives")? {
            Event::Token { .. } => {}
            Event::Finished(finished) => return Ok(finished),
            Event::Failed(error) => bail!(error),
        }
    }
}

fn request(model: ModelKey, prompt: usize, new: usize) -> Request {
    let ids = 100..100 + u32::try_from(prompt).unwrap_or(u32::MAX);
    let generation = GenerationConfig { max_new_tokens: new, do_sample: true, ..GenerationConfig::default() };
    Request { model, prompt: ids.collect(), generation, want_logits: false }
}
