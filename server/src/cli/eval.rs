//! `maskarad eval`: a persona's report, beside its base, an earlier report, and another persona.

pub(super) mod measure;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use maskarad_engine::Precision;
use maskarad_trainer::eval::{self, Options, Report, gate, likeness::Apart};
use maskarad_trainer::files;

use self::measure::{Plan, measure};
use super::output::Output;
use super::progress::Bar;
use crate::config::daemon::DaemonConfig;
use crate::config::manifest;
use crate::config::persona::Persona;

/// What `eval` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Name of the persona; its manifest says which model, and how it speaks.
    #[arg(required_unless_present_any = ["manifest", "model"])]
    persona: Option<String>,
    /// Its manifest, wherever it is.
    #[arg(long, value_name = "FILE", conflicts_with = "persona")]
    manifest: Option<PathBuf>,
    /// Checkpoint folder to measure, instead of the manifest's.
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    /// How it speaks, where there is no manifest: prompt_reply, rudialogpt3, rudialogpt or continuation.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["persona", "manifest"])]
    template: Option<String>,
    /// Folder of a LoRA adapter that the checkpoint wears.
    #[arg(long, value_name = "DIR")]
    adapter: Option<PathBuf>,
    /// Checkpoint folder to compare with [default: the persona's without its adapter].
    #[arg(long, value_name = "DIR")]
    base: Option<PathBuf>,
    /// Precision of the weights: f32 or int8.
    #[arg(long, default_value_t = Precision::F32)]
    precision: Precision,
    #[command(flatten)]
    data: Data,
    /// Folder for eval.json and eval.html.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Fail where the persona is worse than this eval.json says of the one it would replace.
    #[arg(long, value_name = "FILE")]
    gate: Option<PathBuf>,
    /// Tell its replies from those in another persona's eval.json; --others is then that one's training corpus.
    #[arg(long, value_name = "FILE", requires_all = ["train_corpus", "others"])]
    against: Option<PathBuf>,
}

const EXAMPLES: &str = "Examples:
  maskarad eval avtobus --corpus heldout.jsonl --train-corpus train.jsonl --others people.jsonl --out eval/avtobus
  maskarad eval avtobus --adapter adapters/new --corpus heldout.jsonl --out eval/new --gate eval/avtobus/eval.json
  maskarad eval avtobus --corpus a.jsonl --train-corpus a.jsonl --others p.jsonl --out eval/a --against eval/p/eval.json
  maskarad eval --model models/new --base models/old --template rudialogpt --corpus heldout.jsonl --out eval/new";

/// What is measured on.
#[derive(Debug, Args)]
struct Data {
    /// Held-out dialogues.
    #[arg(long, value_name = "FILE")]
    corpus: PathBuf,
    /// What it was trained on: what might be copied, and how its people write.
    #[arg(long, value_name = "FILE")]
    train_corpus: Option<PathBuf>,
    /// Dialogues of others, to tell the persona's lines from; each one's last speaker counts.
    #[arg(long, value_name = "FILE", requires = "train_corpus")]
    others: Option<PathBuf>,
    /// Whose turns are the persona's, by id or name [default: each dialogue's last speaker].
    #[arg(long, value_name = "WHO")]
    author: Vec<String>,
    /// Replies to generate.
    #[arg(long, default_value_t = 200, value_name = "N")]
    replies: usize,
    /// The same seed gives the same report.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

impl Data {
    fn options(&self) -> Options {
        Options {
            corpus: self.corpus.clone(),
            train_corpus: self.train_corpus.clone(),
            others: self.others.clone(),
            persona: self.author.clone(),
            replies: self.replies,
            seed: self.seed,
        }
    }
}

pub(super) fn run(arguments: &Arguments, config: &DaemonConfig) -> anyhow::Result<()> {
    // Whatever can't be read is told before minutes of work.
    let baseline = arguments.gate.as_deref().map(read).transpose()?;
    let against = arguments.against.as_deref().map(read).transpose()?;
    let persona = persona(arguments, config)?;
    if arguments.base.is_none() && persona.model.adapter.is_none() {
        bail!("there is no adapter to take off; give --base, the checkpoint that the persona was made of");
    }
    let plan = Plan { persona, base: arguments.base.clone(), options: arguments.data.options() };
    let report = measure(&plan, config.engine.clone(), &Bar::default())?;
    write(&report, plan.persona.display_name.as_str(), &arguments.out)?;
    tell(&report, &arguments.out)?;
    if let Some(other) = against {
        let apart = eval::apart(&plan.options, &report, &other)?.context("--train-corpus and --others are given")?;
        tell_apart(&apart)?;
    }
    baseline.map_or(Ok(()), |baseline| pass(&report, &baseline))
}

/// Who is measured.
fn persona(arguments: &Arguments, config: &DaemonConfig) -> anyhow::Result<Persona> {
    let Arguments { persona, manifest, model, template, adapter, precision, .. } = arguments;
    let mut found = match (persona, manifest, model, template) {
        (Some(name), ..) => super::chat::find(manifest::load_without_tokens(&config.personas), name)?,
        (None, Some(file), ..) => manifest::load_one_without_token(file)?,
        (None, None, Some(model), Some(template)) => manifest::bare(model, template)?,
        _ => bail!("--model without a persona needs --template, or --manifest"),
    };
    found.model.precision = *precision;
    if let Some(model) = model {
        found.model.path.clone_from(model);
        found.model.adapter = None;
    }
    if adapter.is_some() {
        found.model.adapter.clone_from(adapter);
    }
    Ok(found)
}

fn read(path: &Path) -> anyhow::Result<Report> {
    let text = std::fs::read(path).with_context(|| path.display().to_string())?;
    serde_json::from_slice(&text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        anyhow::anyhow!("{}:{line}:{column}: is no report; expected an eval.json of this version", path.display())
    })
}

fn write(report: &Report, name: &str, out: &Path) -> anyhow::Result<()> {
    files::write(&out.join("eval.json"), serde_json::to_vec_pretty(report)?)?;
    Ok(files::write(&out.join("eval.html"), eval::page::page(name, report))?)
}

fn tell(report: &Report, out: &Path) -> anyhow::Result<()> {
    let mut output = Output::open();
    let Report { answers, base_answers, text, base_text, diversity, lengths, .. } = report;
    let mut line = |what: &str, figures: String| writeln!(output, "{what:<12}{figures}");
    let beside = |own: f64, base: f64| format!("{own:.2} (base {base:.2}, ratio {:.3})", own / base);
    line("answers", format!("perplexity {}", beside(answers.perplexity, base_answers.perplexity)))?;
    match (text, base_text) {
        (Some(own), Some(base)) => line("text", format!("perplexity {}", beside(own.perplexity, base.perplexity)))?,
        _ => line("text", "not measured: what is held out is shorter than one block".to_owned())?,
    }
    line("accuracy", format!("{:.3} of answers (base {:.3})", answers.accuracy, base_answers.accuracy))?;
    line("variety", format!("distinct-1 {:.3}, distinct-2 {:.3}", diversity.distinct_1, diversity.distinct_2))?;
    let (own, human) = (lengths.generated.median, lengths.human.median);
    line("length", format!("median {own} words (people {human}), distance {:.3}", lengths.distance))?;
    if let Some(eval::Copying { generated, .. }) = &report.overlap {
        let (copies, long) = (generated.copies, generated.long_copies);
        line("copied", format!("{copies:.3} of replies, {long:.3} with four words or more"))?;
    }
    if let Some(eval::Likeness { humans, generated }) = &report.likeness {
        line("likeness", format!("{generated:.3} of replies (people's lines told apart: {:.3})", humans.accuracy))?;
    }
    line("written", format!("{0}/eval.json, {0}/eval.html", out.display()))?;
    Ok(())
}

fn tell_apart(apart: &Apart) -> anyhow::Result<()> {
    let Apart { humans, first, second, accuracy } = apart;
    let mut output = Output::open();
    writeln!(output, "apart       {accuracy:.3} of replies: {first:.3} its own, {second:.3} the other's")?;
    writeln!(output, "            people's lines: {:.3}", humans.accuracy)?;
    Ok(())
}

/// Fails where the report is worse than the baseline.
fn pass(report: &Report, baseline: &Report) -> anyhow::Result<()> {
    let worse = gate::compare(report, baseline)?;
    if worse.is_empty() {
        writeln!(Output::open(), "gate        passed")?;
        return Ok(());
    }
    let lines: Vec<String> = worse.iter().map(ToString::to_string).collect();
    bail!("worse than the one it would replace: {}", lines.join("; "))
}
