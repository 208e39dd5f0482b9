//! Continuous batching: which sequences run, and one forward pass of each model that has work per step. Sequences of
//! different adapters on one base are sequences of one model.
//! A plain struct without channels, threads or a clock, so that a test can drive it.

mod shelf;
mod turn;

use self::shelf::Shelf;
use self::turn::Turn;
use crate::generation::{Event, StopReason};
use crate::model::Compute;
use crate::sequence::Sequence;

/// Prompt tokens that all models together take in during one step, so that a long prompt never stalls the replies
/// that are already being written.
const PROMPT_TOKENS_PER_STEP: usize = 256;

/// Of the memory for keys and values, so much less may lie unused between sequences.
const SHELF_SHARE: usize = 4;

/// Names a sequence within one scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SequenceId(pub u64);

/// What a scheduler may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of keys and values of all running sequences.
    pub kv_memory: usize,
    /// Sequences that run at once.
    pub max_batch: usize,
}

/// Something that happened to a sequence.
#[derive(Debug, Clone, PartialEq)]
pub enum Report {
    /// It left the queue and runs from now on.
    Admitted,
    /// An event for its caller.
    Event(Event),
}

/// The reports of a step, in the order in which they happened.
pub type Reports = Vec<(SequenceId, Report)>;

/// Holds the waiting and the running sequences.
pub struct Scheduler {
    limits: Limits,
    turns: Vec<Turn>,
    /// What the model that was admitted last had been granted by then. A model that comes back starts here: it is owed
    /// nothing for the time it was away.
    granted: u64,
    shelf: Shelf,
}

impl Scheduler {
    /// An empty scheduler.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, turns: Vec::new(), granted: 0, shelf: Shelf::new(limits.kv_memory / SHELF_SHARE) }
    }

    /// Puts a sequence at the end of its model's queue. Its KV must fit an empty scheduler; the caller has checked that.
    pub fn submit(&mut self, id: SequenceId, sequence: Sequence) {
        let model = sequence.model().key().base();
        let at = self.turns.iter().position(|turn| turn.model() == model).unwrap_or_else(|| {
            self.turns.push(Turn::new(model));
            self.turns.len() - 1
        });
        self.turns[at].submit(id, sequence, self.granted);
    }

    /// Ends a sequence, wherever it is; its place is free at once.
    pub fn cancel(&mut self, id: SequenceId) -> Reports {
        let cancelled = self.turns.iter_mut().find_map(|turn| turn.remove(id, &mut self.shelf));
        cancelled.map_or_else(Vec::new, |sequence| vec![(id, finish(sequence, StopReason::Cancelled))])
    }

    /// Whether a step would do nothing.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.waiting() == 0 && self.running() == 0
    }

    /// How many sequences run.
    #[must_use]
    pub fn running(&self) -> usize {
        self.turns.iter().map(Turn::running).sum()
    }

    /// How many sequences wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.turns.iter().map(Turn::waiting).sum()
    }

    /// Bytes of keys and values that the running sequences hold.
    #[must_use]
    pub fn kv_bytes(&self) -> usize {
        self.turns.iter().map(Turn::kv_bytes).sum()
    }

    /// Admits what fits, then gives each model that has work one forward pass. A caller that wants to know of the
    /// admissions before the pass calls [`Scheduler::admit`] itself.
    pub fn step(&mut self, compute: &mut Compute) -> Reports {
        let mut reports = self.admit();
        self.turns.retain(|turn| turn.running() + turn.waiting() > 0);
        // Whoever has least to read goes first, so that what it leaves is shared by the others.
        self.turns.sort_by_key(Turn::unread);
        let mut readers = self.turns.iter().filter(|turn| turn.unread() > 0).count();
        let mut left = PROMPT_TOKENS_PER_STEP;
        for turn in &mut self.turns {
            let share = left.div_ceil(readers.max(1)).max(1).min(turn.unread());
            readers -= usize::from(share > 0);
            left = left.saturating_sub(share);
            turn.forward(compute, share, (&mut reports, &mut self.shelf));
        }
        reports
    }

    /// Lets waiting sequences run as far as there is room: of the models that wait the one that was granted least comes
    /// next, and of its sequences the one that came first. One that does not fit yet is not overtaken.
    pub fn admit(&mut self) -> Reports {
        let mut reports = Vec::new();
        loop {
            let (running, kv_bytes) = (self.running(), self.kv_bytes());
            let fits = |sequence: &Sequence| {
                running < self.limits.max_batch && kv_bytes + sequence.kv_bytes() <= self.limits.kv_memory
            };
            let waiting = self.turns.iter_mut().filter(|turn| turn.waiting() > 0);
            let Some(turn) = waiting.min_by_key(|turn| turn.granted()) else { break };
            let granted = turn.granted();
            let Some(id) = turn.admit(fits, &mut self.shelf) else { break };
            self.granted = granted;
            reports.push((id, Report::Admitted));
        }
        // What runs and what lies unused together stay within the memory there is for both.
        self.shelf.shrink(self.limits.kv_memory.saturating_sub(self.kv_bytes()));
        reports
    }
}

fn finish(sequence: Sequence, stop: StopReason) -> Report {
    Report::Event(Event::Finished(sequence.finish(stop)))
}
