//! The steps of a workshop file: what goes into each, what comes out of it, and who does it.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use maskarad_dialog::Format;
use maskarad_trainer::corpus::clean::{CleanOptions, clean};
use maskarad_trainer::corpus::filter;
use maskarad_trainer::progress::Progress;
use maskarad_trainer::train::options::TrainOptions;
use maskarad_trainer::train::run::Watch;
use maskarad_trainer::train::{self, Outcome};
use maskarad_trainer::workshop::{Stage, Step, put};

use super::sources::{self, Corpora};
use super::{ACCOUNTS, Failure};
use crate::config::daemon::DaemonConfig;
use crate::config::workshop::{HeldOut, Source, Workshop};

/// Everything that the steps need.
pub(super) struct Builder<'a> {
    pub(super) workshop: &'a Workshop,
    /// The persona's folder of intermediate files.
    pub(super) folder: &'a Path,
    pub(super) config: &'a DaemonConfig,
    pub(super) progress: &'a dyn Progress,
    pub(super) stop: &'a AtomicBool,
}

impl Builder<'_> {
    /// The steps that the file asks for, in their order.
    pub(super) fn stages(&self) -> Vec<Stage<'_>> {
        let clean = self.workshop.clean.as_ref().map(|options| self.clean(options));
        let filter = self.workshop.filter.as_ref().map(|options| self.filter(options));
        let corpus = self.corpus();
        [self.import()]
            .into_iter()
            .chain(clean)
            .chain(filter)
            .chain([self.train(&corpus), self.eval(&corpus)])
            .collect()
    }

    /// What is learned in the end.
    pub(super) fn corpus(&self) -> PathBuf {
        if self.workshop.filter.is_some() { self.file("filtered.jsonl") } else { self.cleaned() }
    }

    fn cleaned(&self) -> PathBuf {
        self.file(if self.workshop.clean.is_some() { "cleaned.jsonl" } else { "imported.jsonl" })
    }

    /// What it is measured by.
    pub(super) fn held_out(&self) -> PathBuf {
        self.file(if self.workshop.clean.is_some() { "held-out-cleaned.jsonl" } else { "held-out.jsonl" })
    }

    /// The folder of the trained checkpoint or adapter.
    pub(super) fn model(&self) -> PathBuf {
        self.file("model")
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// How dialogues are written for the model.
    pub(super) fn format(&self) -> Format {
        let persona = &self.workshop.persona;
        Format { template: persona.template.clone(), rules: persona.prompt.clone() }
    }

    /// Ends the build where somebody asked for that; the same command goes on from here.
    pub(super) fn go_on(&self) -> anyhow::Result<()> {
        anyhow::ensure!(!self.stop.load(Ordering::Relaxed), "was stopped; the same command goes on from there");
        Ok(())
    }

    fn import(&self) -> Stage<'_> {
        let Workshop { sources, held_out, others, .. } = self.workshop;
        let (share, kept): (_, &[Source]) = match held_out {
            HeldOut::Share(share) => (Some(share), &[]),
            HeldOut::Sources(kept) => (None, kept),
        };
        let all = || sources.iter().chain(kept).chain(others);
        let told: Vec<String> = all().map(told).collect();
        let files = all().map(|source| source.path.clone()).filter(|path| !is_address(path));
        let corpora = Corpora {
            learned: self.file("imported.jsonl"),
            held_out: self.file("held-out.jsonl"),
            others: self.file("others.jsonl"),
        };
        Stage {
            step: Step::Import,
            options: format!(
                "{} {} {share:?} {:?} {:?} {told:?}",
                kept.len(),
                others.len(),
                self.workshop.forget,
                self.workshop.train.persona
            ),
            inputs: files.collect(),
            outputs: vec![corpora.learned.clone(), corpora.held_out.clone(), corpora.others.clone()],
            work: Box::new(move |own| sources::all(self.workshop, &corpora, own, self.progress)),
        }
    }

    fn clean<'s>(&'s self, options: &'s CleanOptions) -> Stage<'s> {
        // The list of words is told by what is in it.
        let told = CleanOptions { profanity: None, ..options.clone() };
        let pairs = [("imported.jsonl", self.cleaned()), ("held-out.jsonl", self.held_out())];
        let pairs = pairs.map(|(input, output)| (self.file(input), output));
        let inputs = pairs.iter().map(|(input, _)| input.clone());
        Stage {
            step: Step::Clean,
            options: format!("{told:?}"),
            inputs: inputs.chain(options.profanity.clone()).collect(),
            outputs: pairs.iter().map(|(_, output)| output.clone()).collect(),
            work: Box::new(move |_| {
                let mut told = Vec::new();
                for (input, output) in &pairs {
                    let report = clean(input, output, options, self.progress)?;
                    told.push(format!("{} of {} dialogues", report.written, report.read));
                }
                Ok(format!("{} stay to learn, {} held out", told[0], told[1]))
            }),
        }
    }

    fn filter<'s>(&'s self, options: &'s filter::Options) -> Stage<'s> {
        let (input, output) = (self.cleaned(), self.corpus());
        Stage {
            step: Step::Filter,
            options: format!("{:?} {:?}", options.label, options.keep),
            inputs: vec![input.clone(), options.model.clone()],
            outputs: vec![output.clone()],
            work: Box::new(move |_| {
                let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
                let summary = filter::filter(&input, &output, options, threads, self.progress)?;
                Ok(format!("{} of {} dialogues stay", summary.kept, summary.read))
            }),
        }
    }

    fn train(&self, corpus: &Path) -> Stage<'_> {
        let corpus = corpus.to_owned();
        let inputs = [corpus.clone()].into_iter().chain(self.workshop.train.base.clone());
        // Paths are told by what lies at them.
        let told = TrainOptions { base: None, ..self.workshop.train.clone() };
        Stage {
            step: Step::Train,
            options: format!("{told:?} {:?}", self.format()),
            inputs: inputs.collect(),
            outputs: vec![self.model()],
            work: Box::new(move |own| self.learn(&corpus, &own.join("run"))),
        }
    }

    fn learn(&self, corpus: &Path, out: &Path) -> Result<String, Failure> {
        let options = TrainOptions { corpus: corpus.to_owned(), out: out.to_owned(), ..self.workshop.train.clone() };
        let watch = Watch { progress: self.progress, stop: self.stop };
        match train::train(&options, &self.format(), false, watch)? {
            Outcome::Stopped { step, of } => {
                Err(format!("was stopped after step {step} of {of}; the same command goes on from there").into())
            }
            Outcome::Finished(summary) => {
                put(out, &self.file("training"), |name| ACCOUNTS.contains(&name))?;
                put(out, &self.model(), |name| !ACCOUNTS.contains(&name))?;
                Ok(summary.to_string())
            }
        }
    }
}

/// A source in words that change with whatever shapes its import; files are told by their contents.
fn told(source: &Source) -> String {
    let address = is_address(&source.path).then_some(&source.path);
    format!("{address:?} {:?}", source.options)
}

fn is_address(path: &Path) -> bool {
    path.to_str().is_some_and(|path| path.contains("://"))
}
