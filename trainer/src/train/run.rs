//! The loop: steps, evaluations and checkpoints in their order. What a step computes is the learner's matter, what a batch
//! holds is the plan's.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::batches::{Epoch, Plan, label_count, mix};
use super::checkpoint::{Checkpoints, State};
use super::data::Rows;
use super::folder::RunFolder;
use super::history::{History, Line};
use super::options::TrainOptions;
use super::schedule::Schedule;
use super::{Batch, DropoutKey, Learner, RunError, early_stopping};
use crate::progress::Progress;

/// Whoever watches a run, and may stop it.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Told how far it is.
    pub progress: &'a dyn Progress,
    /// Once this is set, the run finishes its step, keeps its state and ends.
    pub stop: &'a AtomicBool,
}

/// How a loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All steps are done.
    Done,
    /// Nothing got better for too long.
    EarlyStopping,
    /// Somebody stopped it.
    Stopped,
}

/// A run under way.
pub struct Run<'a> {
    options: &'a TrainOptions,
    course: Course,
    plan: Plan,
    schedule: Schedule,
    checkpoints: Checkpoints,
    folder: &'a RunFolder,
    learner: &'a mut dyn Learner,
    /// How far it is.
    pub state: State,
    /// What it has seen.
    pub history: History,
}

/// How many steps there are, and what is done between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Course {
    /// All steps.
    pub total: u64,
    /// Steps of an epoch.
    pub per_epoch: u64,
    evaluate_every: u64,
    save_every: u64,
}

impl Course {
    /// The course of a run over rows that make so many batches.
    #[must_use]
    pub fn new(options: &TrainOptions, batches: usize) -> Self {
        let per_epoch = batches.div_ceil(options.gradient_accumulation_steps).max(1) as u64;
        let by_epochs = (options.num_train_epochs * per_epoch as f64).ceil() as u64;
        let total = if options.max_steps > 0 { options.max_steps } else { by_epochs };
        let or = |steps: u64, otherwise: u64| if steps > 0 { steps } else { otherwise };
        let evaluate_every = or(options.eval_steps, per_epoch);
        Self { total, per_epoch, evaluate_every, save_every: or(options.save_steps, evaluate_every) }
    }

    fn is_due(self, every: u64, step: u64) -> bool {
        step.is_multiple_of(every) || step == self.total
    }
}

impl<'a> Run<'a> {
    /// Begins a run, or takes one up where its newest checkpoint left it.
    ///
    /// # Errors
    /// A checkpoint that can't be read.
    pub fn open(
        options: &'a TrainOptions,
        plan: Plan,
        rows: &Rows,
        folder: &'a RunFolder,
        learner: &'a mut dyn Learner,
    ) -> Result<Self, RunError> {
        let course = Course::new(options, plan.batches(rows));
        let checkpoints = Checkpoints::open(folder, options.save_total_limit)?;
        let schedule = Schedule::new(options, course.total);
        let (mut state, mut history) = (State::default(), History::default());
        if let Some((kept, losses)) = checkpoints.newest()? {
            checkpoints.restore(kept.step, learner)?;
            (state, history) = (kept, History::read(&folder.losses(), losses)?);
        }
        Ok(Self { options, course, plan, schedule, checkpoints, folder, learner, state, history })
    }

    /// All steps.
    #[must_use]
    pub fn course(&self) -> Course {
        self.course
    }

    /// Goes through the steps that are left. Ends with the learner as it was at the best evaluation.
    ///
    /// # Errors
    /// The learner fails, the loss is no number, a file can't be written.
    pub fn go(&mut self, train: &Rows, validation: &Rows, watch: Watch<'_>) -> Result<Ending, RunError> {
        watch.progress.begin("training", Some(self.course.total));
        let ending = self.steps(train, validation, watch);
        watch.progress.end();
        let ending = ending?;
        if ending != Ending::Stopped
            && let Some(best) = self.state.best
            && best.step != self.state.step
        {
            self.checkpoints.restore(best.step, self.learner)?;
        }
        Ok(ending)
    }

    fn steps(&mut self, train: &Rows, validation: &Rows, watch: Watch<'_>) -> Result<Ending, RunError> {
        let mut epoch: Option<(u64, Epoch<'_>)> = None;
        while self.state.step < self.course.total {
            if early_stopping::is_over(&self.state, self.options.early_stopping_patience) {
                return Ok(Ending::EarlyStopping);
            }
            if watch.stop.load(Ordering::Relaxed) {
                self.save()?;
                return Ok(Ending::Stopped);
            }
            let number = self.state.step / self.course.per_epoch;
            if epoch.as_ref().is_none_or(|(current, _)| *current != number) {
                epoch = Some((number, self.plan.epoch(train, number)));
            }
            let batches = &epoch.as_ref().expect("was just made").1;
            self.step(batches, number, watch)?;
            self.between_steps(validation, watch)?;
        }
        Ok(Ending::Done)
    }

    /// One step of the optimizer, over the batches that are its own.
    fn step(&mut self, epoch: &Epoch<'_>, number: u64, watch: Watch<'_>) -> Result<(), RunError> {
        let begun = Instant::now();
        let accumulation = self.options.gradient_accumulation_steps;
        let first = (self.state.step % self.course.per_epoch) as usize * accumulation;
        let batches: Vec<Batch> = (first..epoch.len().min(first + accumulation)).map(|at| epoch.batch(at)).collect();
        let labels: usize = batches.iter().map(label_count).sum();
        let learning_rate = self.schedule.learning_rate(self.state.step);
        let mut loss = 0.0;
        for (at, batch) in batches.iter().enumerate().filter(|(_, batch)| label_count(batch) > 0) {
            let key = DropoutKey(mix(mix(self.options.seed, self.state.step + 1), at as u64));
            loss += self.learner.accumulate(batch, labels, key)?;
        }
        let loss = (loss / labels.max(1) as f64) as f32;
        let grad_norm = if labels > 0 { self.learner.step(learning_rate)? as f32 } else { 0.0 };
        self.state.step += 1;
        if !loss.is_finite() || !grad_norm.is_finite() {
            return Err(RunError::Diverged(self.state.step));
        }
        let tokens: usize = batches.iter().map(|batch| batch.ids.len()).sum();
        self.state.tokens += tokens as u64;
        let (step, labels) = (self.state.step, labels as u64);
        self.history.push(Line::Step { step, epoch: number, loss, grad_norm, learning_rate, labels });
        self.tell(watch.progress, loss, tokens as f64 / begun.elapsed().as_secs_f64());
        Ok(())
    }

    fn tell(&self, progress: &dyn Progress, loss: f32, speed: f64) {
        let held_out = self.state.best.map(|best| format!(", held out {:.3}", best.loss)).unwrap_or_default();
        progress.at(self.state.step);
        progress.note(&format!("loss {loss:.3}{held_out}, {speed:.0} tokens/s"));
    }

    /// Evaluations and checkpoints, where they are due.
    fn between_steps(&mut self, validation: &Rows, watch: Watch<'_>) -> Result<(), RunError> {
        let step = self.state.step;
        let mut better = false;
        if self.course.is_due(self.course.evaluate_every, step)
            && let Some(validation_loss) = self.evaluate(validation)?
        {
            self.history.push(Line::Evaluation { step, validation_loss });
            better = early_stopping::note(&mut self.state, validation_loss);
            watch.progress.note(&format!("held out {validation_loss:.3}"));
        }
        if better || self.course.is_due(self.course.save_every, step) {
            self.save()?;
        }
        Ok(())
    }

    /// The mean loss of held-out tokens; `None` where none are held out.
    fn evaluate(&mut self, validation: &Rows) -> Result<Option<f32>, RunError> {
        let epoch = self.plan.in_order(validation);
        let (mut sum, mut count) = (0.0, 0);
        for batch in (0..epoch.len()).map(|at| epoch.batch(at)).filter(|batch| label_count(batch) > 0) {
            let (loss, labels) = self.learner.evaluate(&batch)?;
            sum += loss;
            count += labels;
        }
        if count > 0 && !sum.is_finite() {
            return Err(RunError::Diverged(self.state.step));
        }
        Ok((count > 0).then(|| (sum / count as f64) as f32))
    }

    /// The history stands in its place at each checkpoint, and says what the checkpoint says.
    fn save(&mut self) -> Result<(), RunError> {
        self.checkpoints.save(&self.state, self.learner, self.history.text())?;
        self.history.write(&self.folder.losses())
    }
}
