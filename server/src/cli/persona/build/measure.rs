//! The last step: the trained model beside its base, and beside the one it would replace.

use std::path::Path;

use anyhow::{Context, bail};
use maskarad_trainer::eval::{self, Options, Report, gate};
use maskarad_trainer::workshop::{Stage, Step, content_hash};
use maskarad_trainer::{files, train::options::TrainOptions};

use super::Failure;
use super::stages::Builder;
use crate::cli::eval::measure::{Plan, measure};
use crate::cli::output;
use crate::config::persona::Persona;

impl Builder<'_> {
    /// Measures the model on what was held out. `corpus` is what it has learned.
    pub(super) fn eval(&self, corpus: &Path) -> Stage<'_> {
        let options = self.eval_options(corpus);
        let files = [Some(&options.corpus), options.train_corpus.as_ref(), options.others.as_ref()];
        let inputs = files.into_iter().flatten().cloned().chain([self.model()]);
        let base = self.workshop.train.base.clone();
        let Persona { generation, reply, filter, .. } = &self.workshop.persona;
        Stage {
            step: Step::Eval,
            options: format!("{:?} {generation:?} {reply:?} {filter:?} {:?}", self.workshop.eval, self.format()),
            inputs: inputs.chain(base).collect(),
            outputs: vec![self.file("eval.json"), self.file("eval.html")],
            work: Box::new(move |_| {
                self.go_on()?;
                let report = self.measure(&self.model(), options.clone())?;
                self.go_on()?;
                self.tell(&report)
            }),
        }
    }

    /// Refuses a model that is worse than the one in its place.
    pub(super) fn gate(&self, corpus: &Path) -> anyhow::Result<()> {
        let place = self.workshop.destination();
        if !place.is_dir() || content_hash(place)? == content_hash(&self.model())? {
            return Ok(());
        }
        let path = self.file("eval.json");
        let now: Report = serde_json::from_slice(&std::fs::read(&path)?).with_context(|| path.display().to_string())?;
        let before = self.measure(place, self.eval_options(corpus))?;
        let worse: Vec<String> = gate::compare(&now, &before)?.iter().map(ToString::to_string).collect();
        if !worse.is_empty() {
            let (worse, place) = (worse.join("; "), place.display());
            bail!(
                "worse than the one at {place}, which stays ({worse}); set `eval.gate: false` to replace it all the same"
            );
        }
        output::tell(format_args!("gate    it is no worse than the one in its place"));
        Ok(())
    }

    fn eval_options(&self, corpus: &Path) -> Options {
        let eval = &self.workshop.eval;
        Options {
            corpus: self.held_out(),
            train_corpus: Some(corpus.to_owned()),
            others: (!self.workshop.others.is_empty()).then(|| self.file("others.jsonl")),
            persona: self.workshop.train.persona.clone(),
            replies: eval.replies,
            seed: eval.seed,
        }
    }

    /// Measures what lies in a folder, an adapter or a checkpoint, as the manifest would serve it.
    fn measure(&self, model: &Path, options: Options) -> anyhow::Result<Report> {
        let TrainOptions { base, lora, .. } = &self.workshop.train;
        let mut persona = self.workshop.persona.clone();
        if lora.is_some() {
            persona.model.adapter = Some(model.to_owned());
        } else {
            model.clone_into(&mut persona.model.path);
        }
        let plan = Plan { persona, base: base.clone(), options };
        measure(&plan, self.config.engine.clone(), self.progress)
    }

    fn tell(&self, report: &Report) -> Result<String, Failure> {
        let page = eval::page::page(&self.workshop.persona.display_name, report);
        files::write(&self.file("eval.html"), page)?;
        files::write(&self.file("eval.json"), serde_json::to_vec_pretty(report)?)?;
        let (own, base) = (report.answers.perplexity, report.base_answers.perplexity);
        let likeness = report.likeness.map(|likeness| {
            let (generated, humans) = (likeness.generated * 100.0, likeness.humans.accuracy * 100.0);
            format!("; {generated:.0} % of its replies taken for its people's (of people's own lines: {humans:.0} %)")
        });
        let ratio = report.perplexity_ratio;
        let page = self.file("eval.html");
        let likeness = likeness.unwrap_or_default();
        Ok(format!(
            "perplexity of answers {own:.1}, of its base {base:.1}, ratio {ratio:.3}{likeness}; {}",
            page.display()
        ))
    }
}
