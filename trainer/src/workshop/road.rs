//! Going the road: each step in turn, where what it made before doesn't do any more.

use std::path::{Path, PathBuf};

use super::stamp::{Reason, Stamp};
use super::step::Step;
use crate::files::FileError;

/// What a step does. It is given a folder of its own for what it needs to go on after an interruption, and says in a few
/// words what came of it.
pub type Work<'a> = dyn Fn(&Path) -> Result<String, Box<dyn std::error::Error + Send + Sync>> + 'a;

/// One step with all that goes into it and comes out of it.
pub struct Stage<'a> {
    /// Which one.
    pub step: Step,
    /// What it is told, as a text that changes whenever its outcome may.
    pub options: String,
    /// Files and folders that it reads. Those which earlier steps make needn't be there yet.
    pub inputs: Vec<PathBuf>,
    /// Files and folders that it makes, each of them whole or not at all.
    pub outputs: Vec<PathBuf>,
    /// The doing.
    pub work: Box<Work<'a>>,
}

/// What is decided of a step, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It isn't done: nothing has changed.
    Holds,
    /// It is being done.
    Begins {
        /// Why.
        reason: Reason,
        /// Whether it goes on where it was interrupted.
        resumes: bool,
    },
    /// It is done; in the words of the step.
    Done(String),
}

/// Whoever is told how it goes.
pub type Watch<'a> = dyn FnMut(Step, &Verdict) + 'a;

/// Why the road wasn't gone to its end.
#[derive(Debug, thiserror::Error)]
pub enum RoadError {
    /// Something can't be read or written.
    #[error("{step}: {source}")]
    File {
        /// At which step.
        step: Step,
        /// What.
        source: FileError,
    },
    /// The step itself failed.
    #[error("{step}: {source}")]
    Step {
        /// Which one.
        step: Step,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Where stamps and interrupted work are kept, and what is done whether it is needed or not.
#[derive(Clone, Debug)]
pub struct Road {
    /// The folder of this persona's workshop.
    pub folder: PathBuf,
    /// This step and all after it are done in any case.
    pub from: Option<Step>,
}

impl Road {
    /// Does what must be done, in the order given.
    ///
    /// # Errors
    /// The first step that failed. What was done before it stays, and the next call goes on there.
    pub fn go(&self, stages: &[Stage<'_>], watch: &mut Watch<'_>) -> Result<(), RoadError> {
        for stage in stages {
            self.pass(stage, watch)?;
        }
        Ok(())
    }

    fn pass(&self, stage: &Stage<'_>, watch: &mut Watch<'_>) -> Result<(), RoadError> {
        let step = stage.step;
        let located = |source| RoadError::File { step, source };
        let wanted = Stamp::before(step, &stage.options, &stage.inputs).map_err(located)?;
        let Some(reason) = self.reason(stage, &wanted).map_err(located)? else {
            watch(step, &Verdict::Holds);
            return Ok(());
        };
        let anew = self.is_asked(stage.step);
        let resumes = self.prepare(stage.step, &wanted, anew).map_err(located)?;
        watch(step, &Verdict::Begins { reason, resumes });
        let outcome = (stage.work)(&self.scratch(step)).map_err(|source| RoadError::Step { step, source })?;
        self.finish(stage, wanted).map_err(located)?;
        watch(step, &Verdict::Done(outcome));
        Ok(())
    }

    /// Why a step must be done; `None` where it needn't.
    fn reason(&self, stage: &Stage<'_>, wanted: &Stamp) -> Result<Option<Reason>, FileError> {
        let Some(last) = Stamp::read(&self.stamp(stage.step)) else { return Ok(Some(Reason::New)) };
        let stale = last.staleness(wanted, &stage.outputs)?;
        Ok(stale.or(self.is_asked(stage.step).then_some(Reason::Asked)))
    }

    fn is_asked(&self, step: Step) -> bool {
        self.from.is_some_and(|from| step >= from)
    }

    /// Makes the step's own folder. Left-overs in it stay only if they come from work with the very same things, and the
    /// step isn't to be done `anew`. Whether there are such.
    fn prepare(&self, step: Step, wanted: &Stamp, anew: bool) -> Result<bool, FileError> {
        let (scratch, begun) = (self.scratch(step), self.begun(step));
        let fits = Stamp::read(&begun).is_some_and(|begun| begun.has_same_inputs(wanted));
        let resumes = fits && !anew && scratch.is_dir();
        if !resumes {
            remove(&begun)?;
            remove(&scratch)?;
            std::fs::create_dir_all(&scratch).map_err(FileError::at(&scratch))?;
            wanted.write(&begun)?;
        }
        Ok(resumes)
    }

    /// The stamp is written last: without it the step counts as not done.
    fn finish(&self, stage: &Stage<'_>, wanted: Stamp) -> Result<(), FileError> {
        wanted.after(&stage.outputs)?.write(&self.stamp(stage.step))?;
        remove(&self.begun(stage.step))?;
        remove(&self.scratch(stage.step))
    }

    fn stamp(&self, step: Step) -> PathBuf {
        self.folder.join(format!("{step}.stamp.json"))
    }

    fn begun(&self, step: Step) -> PathBuf {
        self.folder.join(format!("{step}.begun.json"))
    }

    fn scratch(&self, step: Step) -> PathBuf {
        self.folder.join(format!("{step}.part"))
    }
}

/// Removes a file or a folder, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), FileError> {
    let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(FileError::at(path)(error)),
        _ => Ok(()),
    }
}
