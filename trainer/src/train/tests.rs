//! The loop with a learner that is a few numbers: what it does in which order, and that no interruption shows.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

use maskarad_dialog::Template;

use super::*;
use crate::corpus::record::{Author, Dialogue, Turn, Writer};
use crate::progress::{Progress, Silent};

/// Learns to guess a token from the one before it, badly. Its state is all that its losses follow from.
struct Fake {
    weights: Vec<f32>,
    gradients: Vec<f32>,
    momentum: Vec<f32>,
    /// Calls that are left until it fails, as a killed process does: at any place, without a word.
    left: Rc<Cell<u64>>,
}

const SIZE: usize = 16;

impl Fake {
    fn new(left: &Rc<Cell<u64>>) -> Self {
        let zeros = || vec![0.0; SIZE];
        Self { weights: zeros(), gradients: zeros(), momentum: zeros(), left: Rc::clone(left) }
    }

    fn lives(&self) -> Result<(), TrainError> {
        self.left.set(self.left.get().saturating_sub(1));
        if self.left.get() == 0 { Err(killed()) } else { Ok(()) }
    }

    fn loss(&self, batch: &Batch, noise: f32, mut each: impl FnMut(usize, f32)) -> f64 {
        let mut sum = 0.0;
        for (ids, labels) in batch.ids.chunks(batch.columns).zip(batch.labels.chunks(batch.columns)) {
            for (id, label) in ids.iter().zip(&labels[1..]).filter(|(_, label)| **label >= 0) {
                let at = *id as usize % SIZE;
                let wanted = (*label % 7) as f32 / 7.0;
                let error = self.weights[at] * (1.0 + noise) - wanted;
                each(at, 2.0 * error);
                sum += f64::from(error * error);
            }
        }
        sum
    }
}

impl Learner for Fake {
    fn accumulate(&mut self, batch: &Batch, normaliser: usize, key: DropoutKey) -> Result<f64, TrainError> {
        self.lives()?;
        let mut gradients = std::mem::take(&mut self.gradients);
        let noise = (key.0 % 1000) as f32 / 10_000.0;
        let sum = self.loss(batch, noise, |at, gradient| gradients[at] += gradient / normaliser as f32);
        self.gradients = gradients;
        Ok(sum)
    }

    fn step(&mut self, learning_rate: f64) -> Result<f64, TrainError> {
        self.lives()?;
        let norm = self.gradients.iter().map(|g| f64::from(g * g)).sum::<f64>().sqrt();
        for at in 0..SIZE {
            self.momentum[at] = 0.9 * self.momentum[at] + self.gradients[at];
            self.weights[at] -= learning_rate as f32 * self.momentum[at];
            self.gradients[at] = 0.0;
        }
        Ok(norm)
    }

    fn evaluate(&self, batch: &Batch) -> Result<(f64, usize), TrainError> {
        self.lives()?;
        Ok((self.loss(batch, 0.0, |_, _| ()), batches::label_count(batch)))
    }

    fn save(&self, folder: &Path) -> Result<(), TrainError> {
        std::fs::write(folder.join("weights"), bytemuck::cast_slice(&self.weights)).unwrap();
        self.lives()?;
        std::fs::write(folder.join("momentum"), bytemuck::cast_slice(&self.momentum)).unwrap();
        self.lives()
    }

    fn restore(&mut self, folder: &Path) -> Result<(), TrainError> {
        let read =
            |name: &str| -> Vec<f32> { bytemuck::pod_collect_to_vec(&std::fs::read(folder.join(name)).unwrap()) };
        (self.weights, self.momentum) = (read("weights"), read("momentum"));
        Ok(())
    }

    fn export(&self, folder: &Path) -> Result<(), TrainError> {
        self.lives()?;
        std::fs::write(folder.join("model.safetensors"), bytemuck::cast_slice(&self.weights)).unwrap();
        self.lives()
    }
}

fn killed() -> TrainError {
    TrainError::Options("killed".to_owned())
}

/// A folder with a corpus, and the options to learn it.
struct Scene {
    folder: tempfile::TempDir,
    options: TrainOptions,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let corpus = folder.path().join("c.jsonl");
        let mut writer = Writer::create(&corpus).unwrap();
        for n in 0..60 {
            let turn = |author: &str, text: String| Turn {
                author: Author { id: author.to_owned(), name: None },
                time: None,
                text,
                context: false,
            };
            let turns = vec![turn("a", format!("вопрос {n}")), turn("b", format!("ответ {}", n * 7 % 11))];
            writer.write(&Dialogue { source: String::new(), turns, toxicity: None }).unwrap();
        }
        writer.commit().unwrap();
        let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../personas/models/mini-ru");
        let options = TrainOptions {
            base: Some(base),
            corpus,
            out: folder.path().join("out"),
            validation: 0.2,
            learning_rate: 0.05,
            warmup_steps: 3,
            num_train_epochs: 4.0,
            per_device_train_batch_size: 4,
            gradient_accumulation_steps: 2,
            save_steps: 3,
            eval_steps: 4,
            ..TrainOptions::default()
        };
        Self { folder, options }
    }

    fn to(&self, name: &str) -> TrainOptions {
        TrainOptions { out: self.folder.path().join(name), ..self.options.clone() }
    }
}

fn run(options: &TrainOptions, left: u64, progress: &dyn Progress, stop: &AtomicBool) -> Result<Outcome, RunError> {
    let left = Rc::new(Cell::new(left));
    let format = Format::of(Template::Rudialogpt);
    train_with(options, &format, false, Watch { progress, stop }, |_| Ok(Fake::new(&left)))
}

fn undisturbed(options: &TrainOptions) -> Summary {
    match run(options, u64::MAX, &Silent, &AtomicBool::new(false)).unwrap() {
        Outcome::Finished(summary) => *summary,
        stopped @ Outcome::Stopped { .. } => panic!("{stopped:?}"),
    }
}

/// The files of a finished run, by name.
fn files(options: &TrainOptions) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(&options.out).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.is_file()).collect();
    files.sort();
    files.into_iter().map(|path| (path.file_name().unwrap().into(), std::fs::read(&path).unwrap())).collect()
}

#[test]
fn a_run_learns_and_leaves_a_whole_folder() {
    let scene = Scene::new();
    let summary = undisturbed(&scene.options);
    assert!(summary.last_loss < summary.first_loss, "{summary:?}");
    let names: Vec<String> = files(&scene.options).into_iter().map(|(path, _)| path.display().to_string()).collect();
    for name in ["losses.jsonl", "loss.svg", "summary.json", "model.safetensors", "tokenizer.json"] {
        assert!(names.iter().any(|known| known == name), "{name} of {names:?}");
    }
    assert!(!scene.options.out.join(".training/checkpoints").exists());
    assert_eq!(undisturbed(&scene.options), summary, "what is finished isn't done again");
}

#[test]
fn a_run_killed_at_any_call_comes_to_the_same_bytes() {
    let scene = Scene::new();
    for packing in [false, true] {
        let with = |name: &str| TrainOptions { packing, block_size: 32, ..scene.to(&format!("{name}{packing}")) };
        let whole = with("whole");
        let left = Rc::new(Cell::new(u64::MAX));
        let (format, stop) = (Format::of(Template::Rudialogpt), AtomicBool::new(false));
        let watch = Watch { progress: &Silent, stop: &stop };
        train_with(&whole, &format, false, watch, |_| Ok(Fake::new(&left))).unwrap();
        let calls = u64::MAX - left.get();
        for lives in [8, 6, 4, 3, 2].map(|part| calls / part).into_iter().chain([calls - 1, calls - 2]) {
            let options = with(&format!("killed{lives}-"));
            // Each life is longer than the last, or a run between two checkpoints would never get on.
            let mut attempts = (lives..1000).step_by(3);
            let ended = attempts.find(|lives| match run(&options, *lives, &Silent, &AtomicBool::new(false)) {
                Ok(_) => true,
                Err(error) => {
                    assert_eq!(error.to_string(), "killed");
                    false
                }
            });
            assert!(ended.is_some_and(|last| last > lives), "it was killed at least once");
            assert_eq!(files(&options), files(&whole), "packing {packing}, lives of {lives} calls");
        }
    }
}

/// Sets the flag when so many steps are done.
struct StopAt<'a>(u64, &'a AtomicBool);

impl Progress for StopAt<'_> {
    fn begin(&self, _: &str, _: Option<u64>) {}
    fn at(&self, position: u64) {
        self.1.fetch_or(position == self.0, Ordering::Relaxed);
    }
    fn note(&self, _: &str) {}
    fn end(&self) {}
}

#[test]
fn a_stopped_run_keeps_every_step() {
    let scene = Scene::new();
    undisturbed(&scene.to("whole"));
    let options = scene.to("stopped");
    for step in [1, 2, 5, 9] {
        let stop = AtomicBool::new(false);
        let outcome = run(&options, u64::MAX, &StopAt(step, &stop), &stop).unwrap();
        assert!(matches!(outcome, Outcome::Stopped { step: at, .. } if at == step), "{outcome:?}");
    }
    undisturbed(&options);
    assert_eq!(files(&options), files(&scene.to("whole")));
}

#[test]
fn another_run_is_refused_and_begins_anew_when_told_so() {
    let scene = Scene::new();
    let _ = run(&scene.options, 40, &Silent, &AtomicBool::new(false)).unwrap_err();
    let other = TrainOptions { learning_rate: 0.01, ..scene.options.clone() };
    let error = run(&other, u64::MAX, &Silent, &AtomicBool::new(false)).unwrap_err();
    assert!(error.to_string().contains("another learning_rate"), "{error}");
    let (format, stop) = (Format::of(Template::Rudialogpt), AtomicBool::new(false));
    let watch = Watch { progress: &Silent, stop: &stop };
    let left = Rc::new(Cell::new(u64::MAX));
    train_with(&other, &format, true, watch, |_| Ok(Fake::new(&left))).unwrap();
    undisturbed(&TrainOptions { learning_rate: 0.01, ..scene.to("fresh") });
    assert_eq!(files(&other), files(&scene.to("fresh")));
}

#[test]
fn a_folder_belongs_to_one_run_at_a_time_and_to_nothing_else() {
    let scene = Scene::new();
    let fingerprint = Fingerprint::take(&scene.options, &Format::of(Template::Rudialogpt)).unwrap();
    let held = RunFolder::open(&scene.options.out, &fingerprint, false).unwrap();
    let error = run(&scene.options, u64::MAX, &Silent, &AtomicBool::new(false)).unwrap_err();
    assert!(matches!(error, RunError::Busy(_)), "{error}");
    drop(held);
    let foreign = scene.to("foreign");
    std::fs::create_dir(&foreign.out).unwrap();
    std::fs::write(foreign.out.join("thesis.txt"), "mine").unwrap();
    let error = run(&foreign, u64::MAX, &Silent, &AtomicBool::new(false)).unwrap_err();
    assert!(matches!(error, RunError::Foreign(_)), "{error}");
}

#[test]
fn the_best_evaluation_is_kept() {
    let scene = Scene::new();
    let wild = TrainOptions { learning_rate: 0.9, early_stopping_patience: 2, ..scene.to("wild") };
    match run(&wild, u64::MAX, &Silent, &AtomicBool::new(false)) {
        Ok(Outcome::Finished(summary)) => {
            assert!(summary.early_stopping, "{summary:?}");
            assert!(summary.kept_step < summary.steps);
        }
        other => panic!("{other:?}"),
    }
}
