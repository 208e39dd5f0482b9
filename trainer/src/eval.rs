//! How well a persona does: how well it foretells what its people answered, and what its own replies are like.
//!
//! [`evaluate`] measures on held-out dialogues, beside the base that the persona was made of: perplexity ([`perplexity`]), and
//! by replies that it generates ([`generate`]): variety and length ([`mod@diversity`]), copying ([`overlap`]), and whose lines
//! they resemble ([`likeness`]). [`gate`] compares with an earlier report; [`page`] shows one. Knows no manifests.

pub mod diversity;
pub mod gate;
pub mod generate;
pub mod likeness;
mod lines;
pub mod overlap;
pub mod page;
pub mod perplexity;
mod words;

use std::path::PathBuf;

use maskarad_dialog::LessonError;
use maskarad_engine::{EngineError, LoadedModel, Tokenizer};
use serde::{Deserialize, Serialize};

use self::diversity::{Diversity, Lengths, diversity, kolmogorov_smirnov, lengths};
use self::generate::{GenerateError, Reply, Speaker};
use self::likeness::{Apart, Classifier, Skill, TooFewLines};
use self::lines::HeldOut;
pub use self::lines::answers_of;
use self::overlap::{Index, Overlap};
use self::perplexity::Score;
use crate::corpus::record::{CorpusError, Reader};
use crate::progress::Progress;

/// What is measured, and on what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Held-out dialogues.
    pub corpus: PathBuf,
    /// What the persona was trained on: what might be copied, and how its people write.
    #[serde(default)]
    pub train_corpus: Option<PathBuf>,
    /// Dialogues of others, whose lines the persona's are told from: each one's last speaker counts.
    #[serde(default)]
    pub others: Option<PathBuf>,
    /// Whose turns are the persona's, by id or name; without any, those of each dialogue's last speaker.
    #[serde(default)]
    pub persona: Vec<String>,
    /// Replies to generate.
    #[serde(default = "many")]
    pub replies: usize,
    /// Seeds generation and the classifier.
    #[serde(default)]
    pub seed: u64,
}

fn many() -> usize {
    200
}

/// Who is measured.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The persona.
    pub model: &'a LoadedModel,
    /// What it was made of.
    pub base: &'a LoadedModel,
    /// How it speaks.
    pub speaker: Speaker<'a>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// A hash over the held-out corpus, to tell whether two reports can be compared.
    pub corpus: String,
    /// Dialogues held out.
    pub dialogues: usize,
    /// On their answers alone.
    pub answers: Score,
    /// The base, likewise.
    pub base_answers: Score,
    /// The persona's perplexity of answers as a share of the base's.
    pub perplexity_ratio: f64,
    /// On all text, as `run_clm.py` defines it; `None` where that is shorter than a block.
    pub text: Option<Score>,
    /// The base, likewise.
    pub base_text: Option<Score>,
    /// Tokens of a block of that.
    pub block: usize,
    /// How varied the replies are.
    pub diversity: Diversity,
    /// How varied people's answers to the same are.
    pub human_diversity: Diversity,
    /// How long replies and answers are.
    pub lengths: LengthMatch,
    /// What was copied from the training corpus, where one was given.
    pub overlap: Option<Copying>,
    /// Whose lines the replies resemble, where others' were given.
    pub likeness: Option<Likeness>,
    /// The replies themselves.
    pub replies: Vec<Reply>,
}

/// How long replies are beside people's answers, in words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LengthMatch {
    /// Of replies.
    pub generated: Lengths,
    /// Of answers.
    pub human: Lengths,
    /// The Kolmogorov–Smirnov distance of both.
    pub distance: f64,
}

/// What stands in the training corpus word for word.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Copying {
    /// Of the replies.
    pub generated: Overlap,
    /// Of people's held-out answers, which nobody copied: what is usual.
    pub human: Overlap,
}

/// Whose lines replies resemble.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Likeness {
    /// How well the classifier tells people's lines apart.
    pub humans: Skill,
    /// Share of replies that it gives to the persona.
    pub generated: f64,
}

/// Why a persona can't be measured.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// A corpus can't be read.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// No held-out dialogue has an answer of the persona.
    #[error("{}: has no answers of the persona to measure on; check whom `persona` names, or hold out more (`held_out`)", .0.display())]
    NoAnswers(PathBuf),
    /// A checkpoint has no tokenizer.
    #[error("the checkpoint has no tokenizer; add the base's tokenizer files to its folder")]
    NoTokenizer,
    /// A dialogue can't be encoded.
    #[error(transparent)]
    Lesson(#[from] LessonError),
    /// A model can't compute it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A reply can't be made.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// There is too little to tell lines apart by.
    #[error(transparent)]
    TooFewLines(#[from] TooFewLines),
}

/// Measures a persona. The same seed gives the same report.
///
/// # Errors
/// A corpus can't be read or holds too little; a model fails.
pub fn evaluate(subject: &Subject<'_>, options: &Options, progress: &dyn Progress) -> Result<Report, EvalError> {
    let Subject { model, base, speaker } = subject;
    let tokenizer = model.tokenizer().ok_or(EvalError::NoTokenizer)?;
    let positions = model.config().n_positions.min(base.config().n_positions);
    let held = HeldOut::read(options, speaker.format, tokenizer, positions)?;
    let judge = judge(options)?;
    let score = |what: &str, model: &LoadedModel| {
        progress.begin(&format!("perplexity of the {what}: answers"), Some(held.rows.len() as u64));
        let answers = perplexity::answers(model, &held.rows, progress)?;
        progress.begin(&format!("perplexity of the {what}: text"), Some((held.text.len() / positions) as u64));
        let text = perplexity::blocks(model, &held.text, positions, progress)?;
        progress.end();
        Ok::<_, EngineError>((answers, Some(text).filter(|text| text.tokens > 0)))
    };
    let (answers, text) = score("persona", model)?;
    let (base_answers, base_text) = score("base", base)?;
    let replies = replies(subject, tokenizer, &held, options, progress)?;
    let generated: Vec<&str> = replies.iter().map(|reply| reply.generated.as_str()).collect();
    let human: Vec<&str> = replies.iter().map(|reply| reply.human.as_str()).collect();
    Ok(Report {
        corpus: held.hash,
        dialogues: held.dialogues,
        perplexity_ratio: answers.perplexity / base_answers.perplexity,
        answers,
        base_answers,
        text,
        base_text,
        block: positions,
        diversity: diversity(&generated),
        human_diversity: diversity(&human),
        lengths: length_match(&generated, &human),
        overlap: copying(options, &generated, &human)?,
        likeness: judge.map(|judge| judge.verdict(&generated)),
        replies,
    })
}

fn replies(
    subject: &Subject<'_>,
    tokenizer: &Tokenizer,
    held: &HeldOut,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Vec<Reply>, GenerateError> {
    let contexts = generate::choose(&held.contexts, options.replies);
    progress.begin("replies", Some(contexts.len() as u64));
    let Speaker { engine, format, generation, budget, clean } = &subject.speaker;
    let generation = maskarad_engine::GenerationConfig { seed: options.seed, ..(*generation).clone() };
    let speaker = Speaker { engine, format, generation: &generation, budget: *budget, clean };
    let replies = generate::replies(&speaker, subject.model, tokenizer, &contexts, progress)?;
    progress.end();
    Ok(replies)
}

fn length_match(generated: &[&str], human: &[&str]) -> LengthMatch {
    let (generated, human) = (lengths(generated), lengths(human));
    LengthMatch {
        generated: Lengths::of(&generated),
        human: Lengths::of(&human),
        distance: kolmogorov_smirnov(&generated, &human),
    }
}

fn copying(options: &Options, generated: &[&str], human: &[&str]) -> Result<Option<Copying>, CorpusError> {
    let Some(path) = &options.train_corpus else { return Ok(None) };
    let (mut generated, mut human) = (Index::new(generated), Index::new(human));
    for dialogue in Reader::open(path)? {
        for turn in dialogue?.turns {
            generated.see(&turn.text);
            human.see(&turn.text);
        }
    }
    Ok(Some(Copying { generated: generated.overlap(), human: human.overlap() }))
}

/// Tells the persona's lines from others', where lines of both are there.
struct Judge {
    classifier: Classifier,
    humans: Skill,
}

fn judge(options: &Options) -> Result<Option<Judge>, EvalError> {
    let (Some(own), Some(others)) = (&options.train_corpus, &options.others) else { return Ok(None) };
    let (own, others) = (answers_of(own, &options.persona)?, answers_of(others, &[])?);
    let (classifier, humans) = likeness::train(&own, &others, options.seed)?;
    Ok(Some(Judge { classifier, humans }))
}

impl Judge {
    fn verdict(&self, generated: &[&str]) -> Likeness {
        let given = generated.iter().filter(|reply| self.classifier.is_own(reply)).count();
        Likeness { humans: self.humans, generated: diversity::share(given, generated.len()) }
    }
}

/// Whether the replies of two reports can be told apart by what people wrote. `options` are the first one's, with the second
/// one's training corpus as `others`.
///
/// # Errors
/// A corpus is missing, can't be read or holds too few lines.
pub fn apart(options: &Options, first: &Report, second: &Report) -> Result<Option<Apart>, EvalError> {
    let (Some(own), Some(others)) = (&options.train_corpus, &options.others) else { return Ok(None) };
    let (own, others) = (answers_of(own, &options.persona)?, answers_of(others, &[])?);
    let replies = |report: &Report| report.replies.iter().map(|reply| reply.generated.clone()).collect::<Vec<_>>();
    let (first, second) = (replies(first), replies(second));
    Ok(Some(likeness::tell_apart([&own, &others], [&first, &second], options.seed)?))
}

#[cfg(test)]
mod tests;
