//! The flags of `maskarad train`: each sets an option of the same name; what isn't said stays as [`TrainOptions`] has it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use maskarad_trainer::train::options::{FromScratch, LoraOptions, LossOn, Scheduler, TrainOptions};

/// What `train` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    /// Checkpoint folder to begin with.
    #[arg(long, value_name = "DIR", required_unless_present = "from_scratch")]
    base: Option<PathBuf>,
    /// Begin with a new model and a new tokenizer, learned from the corpus.
    #[arg(long, conflicts_with = "base")]
    from_scratch: bool,
    /// Corpus, as `maskarad corpus import` writes it.
    #[arg(long, value_name = "FILE")]
    corpus: PathBuf,
    /// Folder for the trained checkpoint or adapter. A run that was killed goes on when it is started again.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Forget what an earlier run left in the folder.
    #[arg(long)]
    pub(super) restart: bool,
    /// Dialog template.
    #[arg(long, value_name = "NAME", required_unless_present = "manifest")]
    pub(super) template: Option<TemplateName>,
    /// Take template and prompt rules from a persona's manifest instead.
    #[arg(long, value_name = "FILE", conflicts_with = "template")]
    pub(super) manifest: Option<PathBuf>,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    lora: Lora,
    #[command(flatten)]
    optimizer: Optimizer,
    #[command(flatten)]
    course: Course,
    #[command(flatten)]
    shape: Shape,
}

const EXAMPLES: &str = "Examples:
  maskarad train --base models/rugpt3small --corpus avtobus.jsonl --template prompt_reply --out models/avtobus
  maskarad train --base models/mini-ru --corpus c.jsonl --manifest personas/avtobus.yaml --lora --out adapters/avtobus
  maskarad train --from-scratch --layers 6 --width 256 --corpus plays.jsonl --template rudialogpt --loss all --packing --out models/new";

/// The templates that need no more words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum TemplateName {
    PromptReply,
    Rudialogpt3,
    Rudialogpt,
    Continuation,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "What is learned")]
struct Data {
    /// Whose turns are the persona's, by id or name; can be repeated [default: the author of each dialogue's last turn].
    #[arg(long, value_name = "AUTHOR")]
    persona: Vec<String>,
    /// Which tokens are learned [default: answers].
    #[arg(long, value_name = "WHICH")]
    loss: Option<LossName>,
    /// Fill blocks across dialogues, as run_clm.py does, rather than give each a row of its own.
    #[arg(long)]
    packing: bool,
    /// Tokens of a row at most [default: the model's positions].
    #[arg(long, value_name = "N")]
    block_size: Option<usize>,
    /// Share of dialogues that is held out [default: 0.05].
    #[arg(long, value_name = "SHARE", conflicts_with = "validation_file")]
    validation: Option<f64>,
    /// A corpus that is held out instead.
    #[arg(long, value_name = "FILE")]
    validation_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LossName {
    Answers,
    All,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "LoRA")]
struct Lora {
    /// Train an adapter only; the base stays as it is.
    #[arg(long)]
    lora: bool,
    /// Its rank [default: 8].
    #[arg(long, value_name = "R", requires = "lora")]
    lora_r: Option<usize>,
    /// Its product counts alpha / r times [default: 16].
    #[arg(long, value_name = "ALPHA", requires = "lora")]
    lora_alpha: Option<f64>,
    /// Its dropout [default: 0].
    #[arg(long, value_name = "P", requires = "lora")]
    lora_dropout: Option<f64>,
    /// Projections it stands beside, of c_attn, c_proj and c_fc; can be repeated [default: c_attn].
    #[arg(long, value_name = "NAME", requires = "lora")]
    target_modules: Vec<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Optimizer")]
struct Optimizer {
    /// Highest learning rate [default: 5e-5].
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,
    /// How it goes on after its warm-up [default: linear].
    #[arg(long, value_name = "KIND")]
    lr_scheduler_type: Option<SchedulerName>,
    /// Steps of rising learning rate [default: 0].
    #[arg(long, value_name = "N")]
    warmup_steps: Option<u64>,
    /// The same as a share of all steps [default: 0].
    #[arg(long, value_name = "SHARE", conflicts_with = "warmup_steps")]
    warmup_ratio: Option<f64>,
    /// AdamW's weight decay [default: 0].
    #[arg(long, value_name = "RATE")]
    weight_decay: Option<f64>,
    /// AdamW's first decay [default: 0.9].
    #[arg(long, value_name = "BETA")]
    adam_beta1: Option<f64>,
    /// AdamW's second decay [default: 0.999].
    #[arg(long, value_name = "BETA")]
    adam_beta2: Option<f64>,
    /// AdamW's epsilon [default: 1e-8].
    #[arg(long, value_name = "EPSILON")]
    adam_epsilon: Option<f64>,
    /// Greatest norm of the gradients; 0: any [default: 1].
    #[arg(long, value_name = "NORM")]
    max_grad_norm: Option<f64>,
    /// Dropout of embeddings, residuals and attention [default: 0.1].
    #[arg(long, value_name = "P")]
    dropout: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SchedulerName {
    Linear,
    Cosine,
    Constant,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Course")]
struct Course {
    /// How often the corpus is read [default: 3].
    #[arg(long, value_name = "N")]
    num_train_epochs: Option<f64>,
    /// Steps at most; 0: by epochs [default: 0].
    #[arg(long, value_name = "N")]
    max_steps: Option<u64>,
    /// Rows that are computed at once [default: 8].
    #[arg(long, value_name = "N")]
    per_device_train_batch_size: Option<usize>,
    /// Batches of a step [default: 1].
    #[arg(long, value_name = "N")]
    gradient_accumulation_steps: Option<usize>,
    /// Steps between evaluations; 0: once an epoch [default: 0].
    #[arg(long, value_name = "N")]
    eval_steps: Option<u64>,
    /// Steps between checkpoints; 0: at evaluations [default: 0].
    #[arg(long, value_name = "N")]
    save_steps: Option<u64>,
    /// Checkpoints that stay besides the best [default: 1].
    #[arg(long, value_name = "N")]
    save_total_limit: Option<usize>,
    /// Evaluations without a better loss after which the run ends; 0: it never ends early [default: 0].
    #[arg(long, value_name = "N")]
    early_stopping_patience: Option<u64>,
    /// What shuffles, dropout and new weights follow from [default: 42].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "A new model")]
struct Shape {
    /// Blocks [default: 6].
    #[arg(long, value_name = "N", requires = "from_scratch", conflicts_with = "base")]
    layers: Option<usize>,
    /// Width [default: 256].
    #[arg(long, value_name = "N", requires = "from_scratch", conflicts_with = "base")]
    width: Option<usize>,
    /// Heads [default: 8].
    #[arg(long, value_name = "N", requires = "from_scratch", conflicts_with = "base")]
    heads: Option<usize>,
    /// Positions [default: 512].
    #[arg(long, value_name = "N", requires = "from_scratch", conflicts_with = "base")]
    positions: Option<usize>,
    /// Tokens at most [default: 8192].
    #[arg(long, value_name = "N", requires = "from_scratch", conflicts_with = "base")]
    vocab_size: Option<usize>,
}

/// Sets each field that was said.
macro_rules! overlay {
    ($said:expr => $options:expr, $($field:ident $(= $name:ident)?),+ $(,)?) => {
        $(if let Some(value) = overlay!(@said $said, $field $(, $name)?) { $options.$field = value; })+
    };
    (@said $said:expr, $field:ident) => { $said.$field.clone() };
    (@said $said:expr, $field:ident, $name:ident) => { $said.$name.clone() };
}

impl Arguments {
    /// The options of the run.
    pub(super) fn options(&self) -> TrainOptions {
        let mut options = TrainOptions {
            base: self.base.clone(),
            corpus: self.corpus.clone(),
            out: self.out.clone(),
            persona: self.data.persona.clone(),
            packing: self.data.packing,
            validation_file: self.data.validation_file.clone(),
            lora: self.lora.lora.then(|| self.lora.options()),
            from_scratch: self.from_scratch.then(|| self.shape.options()),
            ..TrainOptions::default()
        };
        self.data.overlay(&mut options);
        self.optimizer.overlay(&mut options);
        self.course.overlay(&mut options);
        options
    }
}

impl Data {
    fn overlay(&self, options: &mut TrainOptions) {
        overlay!(self => options, block_size, validation);
        match self.loss {
            Some(LossName::All) => options.loss = LossOn::All,
            Some(LossName::Answers) => options.loss = LossOn::Answers,
            None => {}
        }
    }
}

impl Lora {
    fn options(&self) -> LoraOptions {
        let mut options = LoraOptions::default();
        overlay!(self => options, r = lora_r, lora_alpha, lora_dropout);
        if !self.target_modules.is_empty() {
            options.target_modules.clone_from(&self.target_modules);
        }
        options
    }
}

impl Optimizer {
    fn overlay(&self, options: &mut TrainOptions) {
        overlay!(self => options, learning_rate, warmup_steps, warmup_ratio, weight_decay, adam_beta1, adam_beta2,
            adam_epsilon, max_grad_norm, dropout);
        match self.lr_scheduler_type {
            Some(SchedulerName::Linear) => options.lr_scheduler_type = Scheduler::Linear,
            Some(SchedulerName::Cosine) => options.lr_scheduler_type = Scheduler::Cosine,
            Some(SchedulerName::Constant) => options.lr_scheduler_type = Scheduler::Constant,
            None => {}
        }
    }
}

impl Course {
    fn overlay(&self, options: &mut TrainOptions) {
        overlay!(self => options, num_train_epochs, max_steps, per_device_train_batch_size, gradient_accumulation_steps,
            eval_steps, save_steps, save_total_limit, early_stopping_patience, seed);
    }
}

impl Shape {
    fn options(&self) -> FromScratch {
        let mut options = FromScratch::default();
        overlay!(self => options, layers, width, heads, positions, vocab_size);
        options
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn parse(flags: &str) -> Result<TrainOptions, clap::Error> {
        let flags = std::iter::once("train").chain(flags.split_whitespace());
        Cli::try_parse_from(flags).map(|cli| cli.arguments.options())
    }

    #[test]
    fn what_is_not_said_stays_as_it_is() {
        let options = parse("--base b --corpus c --out o --template rudialogpt").unwrap();
        let expected =
            TrainOptions { base: Some("b".into()), corpus: "c".into(), out: "o".into(), ..TrainOptions::default() };
        assert_eq!(options, expected);
    }

    #[test]
    fn flags_set_the_options_of_their_names() {
        let options = parse(
            "--base b --corpus c --out o --template rudialogpt --lora --lora-r 4 --target-modules c_fc --learning-rate 1e-3 \
             --lr-scheduler-type cosine --max-steps 7 --loss all --packing --seed 9",
        )
        .unwrap();
        let lora = LoraOptions { r: 4, target_modules: vec!["c_fc".to_owned()], ..LoraOptions::default() };
        assert_eq!(options.lora, Some(lora));
        assert_eq!((options.learning_rate, options.max_steps, options.seed), (1e-3, 7, 9));
        assert_eq!((options.lr_scheduler_type, options.loss, options.packing), (Scheduler::Cosine, LossOn::All, true));
    }

    #[test]
    fn what_goes_together_in_no_way_is_refused() {
        for flags in [
            "--corpus c --out o --template rudialogpt",
            "--base b --corpus c --out o",
            "--base b --from-scratch --corpus c --out o --template rudialogpt",
            "--base b --corpus c --out o --template rudialogpt --lora-r 4",
            "--base b --corpus c --out o --template rudialogpt --layers 4",
        ] {
            assert!(parse(flags).is_err(), "{flags}");
        }
    }
}
