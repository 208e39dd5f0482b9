//! `maskarad model inspect`: what a checkpoint is, by its own files and by loading it.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use maskarad_engine::{Engine, EngineConfig, ModelConfig, Precision, Tokenizer};
use serde_json::Value;

use crate::cli::output::Output;
use crate::cli::progress;
use crate::config::daemon::DaemonConfig;

/// A header that is longer is no header.
const LONGEST_HEADER: u64 = 100 << 20;

/// What `model inspect` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Folder of a checkpoint, or of an adapter as PEFT writes it.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What is told, in its order; what isn't known is left out.
#[derive(Debug, Default)]
struct Told(Vec<(String, Value)>);

impl Told {
    fn tell(&mut self, key: &str, value: impl Into<Value>) {
        self.0.push((key.to_owned(), value.into()));
    }
}

pub(super) fn run(arguments: &Arguments, config: &DaemonConfig) -> anyhow::Result<()> {
    let folder = &arguments.folder;
    let told = if folder.join("config.json").exists() {
        checkpoint(folder, config)?
    } else if folder.join("adapter_config.json").exists() {
        adapter(folder)?
    } else {
        anyhow::bail!("{} holds neither config.json nor adapter_config.json, so it is no checkpoint", folder.display());
    };
    let mut output = Output::open();
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string_pretty(&told.0.into_iter().collect::<Value>())?)?;
        return Ok(());
    }
    for (key, value) in &told.0 {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        writeln!(output, "{:<20} {value}", key.replace('_', " "))?;
    }
    Ok(())
}

fn checkpoint(folder: &Path, config: &DaemonConfig) -> anyhow::Result<Told> {
    let mut told = Told::default();
    let path = folder.join("config.json");
    let text = std::fs::read(&path).with_context(|| format!("{} can't be read", path.display()))?;
    let shape = ModelConfig::parse(&path, &text)?;
    told.tell(
        "architecture",
        format!("GPT-2, {} layers, {} wide, {} heads", shape.n_layer, shape.n_embd, shape.n_head),
    );
    told.tell("positions", shape.n_positions);
    told.tell("vocabulary", shape.vocab_size);
    weights(folder, &mut told)?;
    let tokenizer = Tokenizer::from_folder(folder)?;
    match &tokenizer {
        Some(tokenizer) => told.tell(
            "tokenizer",
            format!("{} tokens, {} of them added", tokenizer.rows(), tokenizer.added_tokens().len()),
        ),
        None => told.tell("tokenizer", "none: a persona needs tokenizer.json, or vocab.json and merges.txt"),
    }
    told.tell("template", template(tokenizer.as_ref(), &text));
    memory(folder, config, &mut told)?;
    Ok(told)
}

/// How many parameters, of which type.
fn weights(folder: &Path, told: &mut Told) -> anyhow::Result<()> {
    let file = folder.join("model.safetensors");
    if file.exists() {
        let (parameters, types) = safetensors(&file)?;
        told.tell("parameters", parameters);
        told.tell("dtype", types.join(", "));
    } else {
        let tensors = maskarad_engine::checkpoint::raw::tensors(folder)?;
        let parameters: usize = tensors.iter().map(|tensor| tensor.values.len()).sum();
        told.tell("parameters", parameters);
    }
    Ok(())
}

/// Parameters and types by the header of a safetensors file.
fn safetensors(file: &Path) -> anyhow::Result<(u64, Vec<String>)> {
    let damaged = || format!("{} is damaged; fetch it again", file.display());
    let mut input = std::fs::File::open(file).with_context(|| format!("{} can't be read", file.display()))?;
    let mut length = [0; 8];
    input.read_exact(&mut length).with_context(damaged)?;
    let length = u64::from_le_bytes(length);
    anyhow::ensure!(length <= LONGEST_HEADER, damaged());
    let mut header = Vec::new();
    input.take(length).read_to_end(&mut header).with_context(damaged)?;
    let header: serde_json::Map<String, Value> = serde_json::from_slice(&header).ok().with_context(damaged)?;
    let tensors = header.iter().filter(|(name, _)| *name != "__metadata__");
    let (mut parameters, mut types) = (0_u64, Vec::new());
    for (_, tensor) in tensors {
        let dtype = tensor["dtype"].as_str().unwrap_or("?").to_owned();
        // Masks, as old checkpoints carry them, are no parameters.
        if dtype == "BOOL" || dtype == "U8" {
            continue;
        }
        let sizes = tensor["shape"].as_array().into_iter().flatten().map(|size| size.as_u64().unwrap_or(0));
        parameters = parameters.saturating_add(sizes.fold(1, u64::saturating_mul));
        if !types.contains(&dtype) {
            types.push(dtype);
        }
    }
    Ok((parameters, types))
}

/// What the checkpoint was probably trained on: special tokens tell for certain, a name may.
fn template(tokenizer: Option<&Tokenizer>, config: &[u8]) -> &'static str {
    let has = |token: &str| tokenizer.is_some_and(|tokenizer| tokenizer.id_of(token).is_some());
    let config: Value = serde_json::from_slice(config).unwrap_or_default();
    let name = config["_name_or_path"].as_str().unwrap_or_default().to_lowercase();
    if has("@@ПЕРВЫЙ@@") && has("@@ВТОРОЙ@@") {
        "rudialogpt (its tokenizer has @@ПЕРВЫЙ@@ and @@ВТОРОЙ@@)"
    } else if name.contains("rudialogpt3") {
        "rudialogpt3 (by the name in config.json)"
    } else {
        "not told by its files: continuation, or prompt_reply or rudialogpt3 if it was trained so"
    }
}

/// What it takes when it is served.
fn memory(folder: &Path, config: &DaemonConfig, told: &mut Told) -> anyhow::Result<()> {
    for precision in [Precision::Int8, Precision::F32] {
        let engine = Engine::start(EngineConfig { cache: None, ..config.engine.clone() })?;
        let model = progress::during("loading the checkpoint", || engine.load(folder, precision))?;
        told.tell(&format!("memory_{precision}"), mebibytes(model.memory()));
        if precision == Precision::F32 {
            let positions = model.config().n_positions;
            told.tell(
                "memory_conversation",
                format!("up to {} while it is answered", mebibytes(model.kv_bytes(positions))),
            );
        }
        engine.shutdown();
    }
    Ok(())
}

fn mebibytes(bytes: usize) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}

fn adapter(folder: &Path) -> anyhow::Result<Told> {
    let mut told = Told::default();
    let path = folder.join("adapter_config.json");
    let text = std::fs::read(&path).with_context(|| format!("{} can't be read", path.display()))?;
    let config: Value = serde_json::from_slice(&text)
        .ok()
        .with_context(|| format!("{} is no JSON; expected an adapter as PEFT writes it", path.display()))?;
    told.tell("architecture", format!("{} adapter", config["peft_type"].as_str().unwrap_or("unknown")));
    told.tell("adapter_base", config["base_model_name_or_path"].as_str().unwrap_or("not told"));
    for key in ["r", "lora_alpha", "target_modules"] {
        if !config[key].is_null() {
            told.tell(key, config[key].to_string());
        }
    }
    let file = folder.join("adapter_model.safetensors");
    let (parameters, types) = safetensors(&file)?;
    told.tell("parameters", parameters);
    told.tell("dtype", types.join(", "));
    told.tell(
        "memory",
        format!(
            "{} on top of its base",
            mebibytes(usize::try_from(parameters.saturating_mul(4)).unwrap_or(usize::MAX))
        ),
    );
    Ok(told)
}
