//! Our side of the benchmark, as a child process.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use maskarad_trainer::train::gpt2::{AdamWConfig, Gpt2Learner, LoraConfig};
use maskarad_trainer::train::{Batch, DropoutKey, Learner};

use crate::Failure;
use crate::child::{Answer, Loaded, Request};

/// The same for everybody, as in `python/worker.py`.
pub(crate) const RATE: f64 = 5e-5;

/// What one of our children is told.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Ours {
    /// `full` or `lora`.
    kind: String,
    /// The checkpoint.
    folder: PathBuf,
    /// Threads to compute on.
    threads: usize,
}

impl Ours {
    #[expect(clippy::print_stdout, reason = "the conductor reads it")]
    pub(crate) fn run(&self) -> Result<(), Failure> {
        rayon::ThreadPoolBuilder::new().num_threads(self.threads).build_global()?;
        let mut learner = learner(&self.kind, &self.folder)?;
        let about = format!("maskarad-trainer {}, candle 0.11", env!("CARGO_PKG_VERSION"));
        println!("{}", serde_json::to_string(&Loaded { about })?);
        for line in std::io::stdin().lock().lines() {
            let Request { ids } = serde_json::from_str(&line?)?;
            let begin = Instant::now();
            let loss = learn(&mut learner, &ids, RATE)?;
            let seconds = begin.elapsed().as_secs_f64();
            println!("{}", serde_json::to_string(&Answer { seconds, loss, peak_memory: peak_memory()? })?);
            std::io::stdout().flush()?;
        }
        Ok(())
    }
}

/// A learner of either kind. Dropout is off, so that losses can be compared.
pub(crate) fn learner(kind: &str, folder: &Path) -> Result<Gpt2Learner, Failure> {
    let optimizer = AdamWConfig::default();
    Ok(match kind {
        "full" => Gpt2Learner::full(folder, optimizer, 0.0)?,
        _ => Gpt2Learner::lora(folder, lora(), optimizer, 0.0, 1)?,
    })
}

/// As PEFT's defaults have it for a GPT-2, but for `lora_alpha`.
fn lora() -> LoraConfig {
    LoraConfig { r: 8, lora_alpha: 16.0, lora_dropout: 0.0, target_modules: vec!["c_attn".to_owned()] }
}

/// Learns rows of one length; returns the mean loss.
pub(crate) fn learn(learner: &mut Gpt2Learner, ids: &[Vec<u32>], rate: f64) -> Result<f64, Failure> {
    let columns = ids.first().map_or(0, Vec::len);
    let all = ids.concat();
    let labels = all.iter().map(|id| i64::from(*id)).collect();
    let count = ids.len() * (columns - 1);
    let batch = Batch { rows: ids.len(), columns, ids: all, labels };
    let loss = learner.accumulate(&batch, count, DropoutKey(0))?;
    learner.step(rate)?;
    Ok(loss / count as f64)
}

/// The most memory this process ever held, in MiB.
fn peak_memory() -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM in the status")?;
    let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes / 1024.0)
}
