//! `maskarad generate`: the smoke test of a checkpoint, and the probe that other programs read.

use std::io::{IsTerminal, Read, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, CommandFactory};
use maskarad_engine::{
    Engine, Event, Finished, GenerationConfig, LoadedModel, MAX_NEW_TOKENS, Precision, Request, StopReason, Timings,
};
use serde::Serialize;

use super::output::Output;
use super::progress;
use crate::config::daemon::DaemonConfig;
use crate::config::persona::ModelSpec;
use crate::live;
use crate::prompt;

/// What `generate` takes. The parameters have Hugging Face's names, meanings and defaults, but that it samples.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Text to continue; standard input where neither this nor --ids is given.
    #[arg(conflicts_with = "ids")]
    text: Option<String>,
    /// Checkpoint folder.
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    /// Folder of a LoRA adapter on it, as PEFT writes it.
    #[arg(long, value_name = "DIR")]
    adapter: Option<PathBuf>,
    /// Precision of the weights: f32 or int8.
    #[arg(long, default_value_t = Precision::F32)]
    precision: Precision,
    /// Token ids to continue, such as 5,17,23; needs no tokenizer.
    #[arg(long, value_delimiter = ',', value_name = "IDS")]
    ids: Option<Vec<u32>>,
    /// New tokens at most, to 128; never more than half the context window.
    #[arg(long, default_value_t = maskarad_engine::MAX_NEW_TOKENS, value_name = "N")]
    max_new_tokens: usize,
    /// Always take the likeliest token.
    #[arg(long)]
    greedy: bool,
    /// Divides the logits: lower is safer, higher is wilder.
    #[arg(long, default_value_t = 1.0, value_name = "T")]
    temperature: f32,
    /// Sample from the likeliest tokens only; 0 is off.
    #[arg(long, default_value_t = 50, value_name = "K")]
    top_k: usize,
    /// Sample from the smallest set with this probability; 1 is off.
    #[arg(long, default_value_t = 1.0, value_name = "P")]
    top_p: f32,
    /// Makes tokens that were there less likely; 1 is off.
    #[arg(long, default_value_t = 1.0, value_name = "R")]
    repetition_penalty: f32,
    /// Never repeat so many tokens in a row; 0 is off.
    #[arg(long, default_value_t = 0, value_name = "N")]
    no_repeat_ngram_size: usize,
    /// Seed of the sampling; the same seed gives the same text.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Go on after the end-of-text token.
    #[arg(long)]
    ignore_eos: bool,
    /// Text that ends the continuation; may be given more than once.
    #[arg(long, value_name = "TEXT")]
    stop: Vec<String>,
    /// Print one line of JSON: ids (generated only), text, stop_reason, timings.
    #[arg(long)]
    json: bool,
    /// Add the logits of the prompt's last position to the JSON.
    #[arg(long, requires = "json")]
    logits: bool,
}

/// The line of JSON.
#[derive(Debug, Serialize)]
struct Line {
    ids: Vec<u32>,
    text: Option<String>,
    stop_reason: StopReason,
    timings: Timings,
    #[serde(skip_serializing_if = "Option::is_none")]
    logits: Option<Vec<f32>>,
}

pub(super) fn run(arguments: &Arguments, config: &DaemonConfig) -> anyhow::Result<()> {
    let text = text(arguments)?;
    let engine = Engine::start(config.engine.clone())?;
    let spec =
        ModelSpec { path: arguments.model.clone(), adapter: arguments.adapter.clone(), precision: arguments.precision };
    let model = progress::during("loading the checkpoint", || live::load(&engine, &spec))?;
    let request = request(arguments, &model, text.as_deref())?;
    let stream = !arguments.json && model.tokenizer().is_some();
    let mut generation = engine.generate(request)?;
    let mut output = Output::open();
    loop {
        match generation.blocking_next().context("the engine died")? {
            Event::Token { text, .. } if stream => {
                write!(output, "{text}")?;
                output.flush()?;
            }
            Event::Token { .. } => {}
            Event::Finished(finished) => return print(arguments, finished, output),
            Event::Failed(error) => return Err(error.into()),
        }
    }
}

/// The text to continue; `None` where there are ids.
fn text(arguments: &Arguments) -> anyhow::Result<Option<String>> {
    if arguments.ids.is_some() || arguments.text.is_some() {
        return Ok(arguments.text.clone());
    }
    if std::io::stdin().is_terminal() {
        let message = "expected a TEXT to continue, or --ids";
        super::Cli::command().error(clap::error::ErrorKind::MissingRequiredArgument, message).exit();
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("standard input can't be read")?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// A prompt that is too long is refused: a probe that cuts would measure something else.
fn request(arguments: &Arguments, model: &LoadedModel, text: Option<&str>) -> anyhow::Result<Request> {
    let prompt = match (&arguments.ids, text) {
        (Some(ids), _) => ids.clone(),
        (None, text) => model
            .tokenizer()
            .with_context(|| format!("{} has no tokenizer; give --ids instead of a text", arguments.model.display()))?
            .encode(text.unwrap_or_default())?,
    };
    let n_positions = model.config().n_positions;
    let window = prompt::window(n_positions, arguments.max_new_tokens);
    anyhow::ensure!(
        prompt.len() <= window.prompt,
        "the prompt has {} tokens, but of the model's {n_positions} positions only {} are left beside {} new tokens",
        prompt.len(),
        window.prompt,
        window.max_new_tokens,
    );
    let mut generation = parameters(arguments, model);
    // Too many are a mistake that the engine names, as are none.
    if arguments.max_new_tokens <= MAX_NEW_TOKENS {
        generation.max_new_tokens = arguments.max_new_tokens.min(window.max_new_tokens);
    }
    Ok(Request { model: model.key(), prompt, generation, want_logits: arguments.logits })
}

fn parameters(arguments: &Arguments, model: &LoadedModel) -> GenerationConfig {
    GenerationConfig {
        max_new_tokens: arguments.max_new_tokens,
        do_sample: !arguments.greedy,
        temperature: arguments.temperature,
        top_k: arguments.top_k,
        top_p: arguments.top_p,
        repetition_penalty: arguments.repetition_penalty,
        no_repeat_ngram_size: arguments.no_repeat_ngram_size,
        seed: arguments.seed,
        eos_token_ids: if arguments.ignore_eos { Vec::new() } else { model.eos_token_ids().to_vec() },
        stop_strings: arguments.stop.clone(),
    }
}

fn print(arguments: &Arguments, finished: Finished, mut output: Output) -> anyhow::Result<()> {
    let Finished { ids, text, stop_reason, timings, prompt_logits } = finished;
    if arguments.json {
        let line = Line { ids, text, stop_reason, timings, logits: prompt_logits };
        writeln!(output, "{}", serde_json::to_string(&line)?)?;
    } else if text.is_some() {
        writeln!(output)?;
    } else {
        let ids: Vec<String> = ids.iter().map(u32::to_string).collect();
        writeln!(output, "{}", ids.join(","))?;
    }
    Ok(())
}
