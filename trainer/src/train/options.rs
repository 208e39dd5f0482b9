//! What a training run is told, under Hugging Face's names where it has one. Read from flags and from workshop files alike.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::RunError;

/// Rows shorter than this hold no dialogue.
const LEAST_BLOCK: usize = 8;

/// Everything that shapes a run. Two runs with the same options on the same files give the same bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainOptions {
    /// The checkpoint folder to begin with; none with `from_scratch`.
    pub base: Option<PathBuf>,
    /// A new model and a new tokenizer instead of a base.
    pub from_scratch: Option<FromScratch>,
    /// The corpus, as `maskarad corpus import` writes it.
    pub corpus: PathBuf,
    /// The folder that becomes the trained checkpoint or adapter.
    pub out: PathBuf,
    /// Whose turns are the persona's, by id or name; empty: those of the author of each dialogue's last turn.
    pub persona: Vec<String>,
    /// Which tokens are learned.
    pub loss: LossOn,
    /// Whether texts fill blocks across dialogues, as run_clm.py has it; else each has a row of its own.
    pub packing: bool,
    /// Tokens of a row at most; 0: as many as the model has positions.
    pub block_size: usize,
    /// The share of dialogues that is held out, 0 to 0.9.
    pub validation: f64,
    /// A corpus that is held out, instead of a share.
    pub validation_file: Option<PathBuf>,
    /// Only an adapter is trained.
    pub lora: Option<LoraOptions>,
    /// The highest learning rate.
    pub learning_rate: f64,
    /// How the learning rate goes on after its warm-up.
    pub lr_scheduler_type: Scheduler,
    /// Steps of rising learning rate.
    pub warmup_steps: u64,
    /// The same as a share of all steps; counts where `warmup_steps` is 0.
    pub warmup_ratio: f64,
    /// How often the whole corpus is read.
    pub num_train_epochs: f64,
    /// Steps at most; 0: by epochs.
    pub max_steps: u64,
    /// Rows that are computed at once.
    pub per_device_train_batch_size: usize,
    /// Batches of a step.
    pub gradient_accumulation_steps: usize,
    /// AdamW's weight decay; biases and norms have none.
    pub weight_decay: f64,
    /// AdamW's first decay.
    pub adam_beta1: f64,
    /// AdamW's second decay.
    pub adam_beta2: f64,
    /// AdamW's epsilon.
    pub adam_epsilon: f64,
    /// Gradients with a greater norm are scaled down to it; 0: none are.
    pub max_grad_norm: f64,
    /// Probability that a value is dropped: of embeddings, residuals and attention alike.
    pub dropout: f64,
    /// Steps between evaluations; 0: once for each epoch.
    pub eval_steps: u64,
    /// Steps between checkpoints; 0: at evaluations.
    pub save_steps: u64,
    /// How many checkpoints stay besides the best.
    pub save_total_limit: usize,
    /// Evaluations without a better loss after which the run ends; 0: it never ends early.
    pub early_stopping_patience: u64,
    /// What shuffles, drops and first weights follow from.
    pub seed: u64,
}

/// Which tokens are learned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossOn {
    /// The persona's answers and their ends.
    #[default]
    Answers,
    /// Every token.
    All,
}

/// How the learning rate goes on after its warm-up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheduler {
    /// Straight down to nothing.
    #[default]
    Linear,
    /// Down along half a wave of the cosine.
    Cosine,
    /// It stays.
    Constant,
}

/// The shape of a new model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FromScratch {
    /// Blocks.
    pub layers: usize,
    /// Width.
    pub width: usize,
    /// Heads.
    pub heads: usize,
    /// Positions.
    pub positions: usize,
    /// Tokens, special ones included; a small corpus may have fewer.
    pub vocab_size: usize,
}

impl Default for FromScratch {
    fn default() -> Self {
        Self { layers: 6, width: 256, heads: 8, positions: 512, vocab_size: 8192 }
    }
}

/// A low-rank adapter, in PEFT's words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoraOptions {
    /// Rank.
    pub r: usize,
    /// Its product counts `lora_alpha / r` times.
    pub lora_alpha: f64,
    /// Probability that an input of the adapter is dropped.
    pub lora_dropout: f64,
    /// Which projections it stands beside.
    pub target_modules: Vec<String>,
}

impl Default for LoraOptions {
    fn default() -> Self {
        Self { r: 8, lora_alpha: 16.0, lora_dropout: 0.0, target_modules: vec!["c_attn".to_owned()] }
    }
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            base: None,
            from_scratch: None,
            corpus: PathBuf::new(),
            out: PathBuf::new(),
            persona: Vec::new(),
            loss: LossOn::Answers,
            packing: false,
            block_size: 0,
            validation: 0.05,
            validation_file: None,
            lora: None,
            learning_rate: 5e-5,
            lr_scheduler_type: Scheduler::Linear,
            warmup_steps: 0,
            warmup_ratio: 0.0,
            num_train_epochs: 3.0,
            max_steps: 0,
            per_device_train_batch_size: 8,
            gradient_accumulation_steps: 1,
            weight_decay: 0.0,
            adam_beta1: 0.9,
            adam_beta2: 0.999,
            adam_epsilon: 1e-8,
            max_grad_norm: 1.0,
            dropout: 0.1,
            eval_steps: 0,
            save_steps: 0,
            save_total_limit: 1,
            early_stopping_patience: 0,
            seed: 42,
        }
    }
}

impl TrainOptions {
    /// Refuses what no run can be made of.
    ///
    /// # Errors
    /// The first option that is out of its range, by its name.
    pub fn validate(&self) -> Result<(), RunError> {
        let within = |name, value: f64, range: std::ops::RangeInclusive<f64>| {
            let expected = format!("expected {} to {}", range.start(), range.end());
            range
                .contains(&value)
                .then_some(())
                .ok_or(RunError::Option { name, problem: format!("is {value}, {expected}") })
        };
        within("validation", self.validation, 0.0..=0.9)?;
        within("learning_rate", self.learning_rate, 0.0..=1.0)?;
        within("warmup_ratio", self.warmup_ratio, 0.0..=1.0)?;
        within("num_train_epochs", self.num_train_epochs, 0.0..=10_000.0)?;
        within("per_device_train_batch_size", self.per_device_train_batch_size as f64, 1.0..=65_536.0)?;
        within("gradient_accumulation_steps", self.gradient_accumulation_steps as f64, 1.0..=65_536.0)?;
        within("weight_decay", self.weight_decay, 0.0..=1.0)?;
        within("adam_beta1", self.adam_beta1, 0.0..=0.999_999_9)?;
        within("adam_beta2", self.adam_beta2, 0.0..=0.999_999_9)?;
        within("adam_epsilon", self.adam_epsilon, 1e-20..=1.0)?;
        within("max_grad_norm", self.max_grad_norm, 0.0..=1e9)?;
        within("dropout", self.dropout, 0.0..=0.95)?;
        if (1..LEAST_BLOCK).contains(&self.block_size) {
            let problem =
                format!("is {}, expected {LEAST_BLOCK} at least, or 0 for the model's positions", self.block_size);
            return Err(RunError::Option { name: "block_size", problem });
        }
        if let Some(lora) = &self.lora {
            within("lora.r", lora.r as f64, 1.0..=4096.0)?;
            within("lora.lora_alpha", lora.lora_alpha, 1e-6..=1e6)?;
            within("lora.lora_dropout", lora.lora_dropout, 0.0..=0.95)?;
        }
        self.from_scratch.map_or(Ok(()), FromScratch::validate)?;
        self.origin()
    }

    /// There is one thing to begin with.
    fn origin(&self) -> Result<(), RunError> {
        let problem = match (&self.base, &self.from_scratch) {
            (None, None) => "is missing; name a checkpoint folder, or begin from scratch",
            (Some(_), Some(_)) => "goes with a model from scratch in no way; leave one of them out",
            (None, Some(_)) if self.lora.is_some() => "is missing; an adapter needs one to stand on",
            _ => return Ok(()),
        };
        Err(RunError::Option { name: "base", problem: problem.to_owned() })
    }
}

impl FromScratch {
    fn validate(self) -> Result<(), RunError> {
        let refuse = |name, problem: &str| Err(RunError::Option { name, problem: problem.to_owned() });
        if self.layers == 0 || self.heads == 0 || self.width == 0 {
            return refuse("from_scratch", "has a size of 0; layers, width and heads need to be 1 at least");
        }
        if !self.width.is_multiple_of(self.heads) {
            return refuse("from_scratch.width", "can't be shared by the heads; make it a multiple of them");
        }
        if !(8..=65_536).contains(&self.positions) {
            return refuse("from_scratch.positions", "is out of range, expected 8 to 65536");
        }
        if !(300..=1_000_000).contains(&self.vocab_size) {
            return refuse("from_scratch.vocab_size", "is out of range, expected 300 to 1000000");
        }
        Ok(())
    }
}
