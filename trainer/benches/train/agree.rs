//! What one side trained, loaded by the other: a checkpoint and an adapter each way, compared by their logits.

use std::path::Path;
use std::process::Command;

use maskarad_engine::synthetic::{Shape, write_checkpoint};
use maskarad_trainer::train::Learner;
use maskarad_trainer::train::gpt2::Gpt2Learner;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Failure;
use crate::child::scripts;
use crate::ours::{learn, learner};
use crate::rounds::ids;

/// More than rounding explains.
const FAR: f64 = 1e-3;

/// The greatest difference between the logits of both sides.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Agreement {
    /// Our checkpoint in transformers.
    pub(crate) checkpoint_there: f64,
    /// Our adapter in PEFT.
    pub(crate) adapter_there: f64,
    /// transformers' checkpoint here.
    pub(crate) checkpoint_here: f64,
    /// PEFT's adapter here.
    pub(crate) adapter_here: f64,
}

/// What `agree.py` answers.
#[derive(Debug, Deserialize)]
struct Theirs {
    /// How far they are from our logits, by kind.
    full: f64,
    lora: f64,
    /// The logits of what they trained.
    full_logits: Vec<f32>,
    lora_logits: Vec<f32>,
}

/// Trains on both sides, and loads on the other.
pub(crate) fn run(folder: &Path, python: &Path) -> Result<Agreement, Failure> {
    write_checkpoint(&folder.join("base"), Shape::TINY, 3)?;
    let batches: Vec<Vec<Vec<u32>>> =
        (0..3).map(|step| (0..4).map(|row| ids(24, 307, 4 * step + row)).collect()).collect();
    let prompt = &batches[0][0];
    let mut logits = Vec::new();
    for kind in ["full", "lora"] {
        let mut learner = learner(kind, &folder.join("base"))?;
        for batch in &batches {
            learn(&mut learner, batch, 1e-2)?;
        }
        learner.export(&folder.join(format!("ours-{kind}")))?;
        logits.push(learner.logits(prompt, prompt.len())?);
    }
    let ours = json!({ "batches": batches, "prompt": prompt, "full": logits[0], "lora": logits[1] });
    std::fs::write(folder.join("ours.json"), ours.to_string())?;
    let answer = Command::new(python).arg(scripts().join("agree.py")).arg(folder).output()?;
    if !answer.status.success() {
        return Err(
            format!("agree.py ended with {}: {}", answer.status, String::from_utf8_lossy(&answer.stderr)).into()
        );
    }
    let theirs: Theirs = serde_json::from_slice(&answer.stdout)?;
    let checkpoint = learner("full", &folder.join("theirs-full"))?;
    let mut adapter = learner("lora", &folder.join("base"))?;
    adapter.take_adapter(&folder.join("theirs-lora"))?;
    Agreement {
        checkpoint_there: theirs.full,
        adapter_there: theirs.lora,
        checkpoint_here: distance(&checkpoint, prompt, &theirs.full_logits)?,
        adapter_here: distance(&adapter, prompt, &theirs.lora_logits)?,
    }
    .checked()
}

fn distance(learner: &Gpt2Learner, prompt: &[u32], theirs: &[f32]) -> Result<f64, Failure> {
    let ours = learner.logits(prompt, prompt.len())?;
    if ours.len() != theirs.len() {
        return Err(format!("{} logits here, {} there", ours.len(), theirs.len()).into());
    }
    Ok(ours.iter().zip(theirs).map(|(ours, theirs)| f64::from((ours - theirs).abs())).fold(0.0, f64::max))
}

impl Agreement {
    fn checked(self) -> Result<Self, Failure> {
        let all = [self.checkpoint_there, self.adapter_there, self.checkpoint_here, self.adapter_here];
        // Negated, so that no number is far, too.
        match all.iter().all(|distance| *distance < FAR) {
            true => Ok(self),
            false => Err(format!("what one side trained has other logits on the other: {self:?}").into()),
        }
    }
}
