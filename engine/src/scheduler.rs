//! Continuous batching: which sequences run, and one forward pass of each model that has work per step.
//! A plain struct without channels, threads or a clock, so that a test can drive it.

use std::collections::VecDeque;

use crate::error::EngineError;
use crate::generation::{Event, StopReason};
use crate::key::ModelKey;
use crate::model::{KvCache, Segment};
use crate::sequence::{Progress, Sequence};

/// Prompt tokens that all models together take in during one step, so that a long prompt never stalls the replies
/// that are already being written.
const PROMPT_TOKENS_PER_STEP: usize = 256;

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
    waiting: VecDeque<(SequenceId, Sequence)>,
    turns: Vec<Turn>,
}

/// The running sequences of one model.
struct Turn {
    model: ModelKey,
    running: Vec<Running>,
    /// Tokens this model has computed since it last became active, for fairness.
    served: u64,
}

struct Running {
    id: SequenceId,
    sequence: Sequence,
    cache: KvCache,
}

impl Scheduler {
    /// An empty scheduler.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, waiting: VecDeque::new(), turns: Vec::new() }
    }

    /// Puts a sequence at the end of the queue. Its KV must fit an empty scheduler; the caller has checked that.
    pub fn submit(&mut self, id: SequenceId, sequence: Sequence) {
        self.waiting.push_back((id, sequence));
    }

    /// Ends a sequence, wherever it is; its place is free at once.
    pub fn cancel(&mut self, id: SequenceId) -> Reports {
        let finished = |sequence: Sequence| vec![(id, finish(sequence, StopReason::Cancelled))];
        if let Some(at) = self.waiting.iter().position(|(waiting, _)| *waiting == id) {
            return self.waiting.remove(at).map_or_else(Vec::new, |(_, sequence)| finished(sequence));
        }
        for turn in &mut self.turns {
            if let Some(at) = turn.running.iter().position(|running| running.id == id) {
                return finished(turn.running.remove(at).sequence);
            }
        }
        Vec::new()
    }

    /// Whether a step would do nothing.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.running() == 0
    }

    /// How many sequences run.
    #[must_use]
    pub fn running(&self) -> usize {
        self.turns.iter().map(|turn| turn.running.len()).sum()
    }

    /// How many sequences wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Bytes of keys and values that the running sequences hold.
    #[must_use]
    pub fn kv_bytes(&self) -> usize {
        self.turns.iter().flat_map(|turn| &turn.running).map(|running| running.sequence.kv_bytes()).sum()
    }

    /// Admits what fits, then gives each model that has work one forward pass, the least served first. A caller that
    /// wants to know of the admissions before the pass calls [`Scheduler::admit`] itself.
    pub fn step(&mut self) -> Reports {
        let mut reports = self.admit();
        self.turns.retain(|turn| !turn.running.is_empty());
        self.turns.sort_by_key(|turn| turn.served);
        let share = (PROMPT_TOKENS_PER_STEP / self.turns.len().max(1)).max(1);
        for turn in &mut self.turns {
            turn.forward(share, &mut reports);
        }
        reports
    }

    /// Lets waiting sequences run as far as there is room. First come, first served: one that does not fit yet is not
    /// overtaken.
    pub fn admit(&mut self) -> Reports {
        let mut reports = Vec::new();
        while let Some((id, sequence)) = self.waiting.pop_front() {
            let fits = self.running() < self.limits.max_batch
                && self.kv_bytes() + sequence.kv_bytes() <= self.limits.kv_memory;
            if !fits {
                self.waiting.push_front((id, sequence));
                break;
            }
            reports.push((id, Report::Admitted));
            self.start(id, sequence);
        }
        reports
    }

    fn start(&mut self, id: SequenceId, sequence: Sequence) {
        let key = sequence.model().key();
        let cache = sequence.new_cache();
        let running = Running { id, sequence, cache };
        if let Some(turn) = self.turns.iter_mut().find(|turn| turn.model == key) {
            turn.running.push(running);
            return;
        }
        // A newcomer owes nothing for the time it was away, and is owed nothing either.
        let served = self.turns.iter().map(|turn| turn.served).min().unwrap_or(0);
        self.turns.push(Turn { model: key, running: vec![running], served });
    }
}

impl Turn {
    /// One forward pass over one token of each sequence that is writing, and up to `prompt_tokens` of those that are
    /// still reading their prompts.
    fn forward(&mut self, prompt_tokens: usize, reports: &mut Reports) {
        let Some(model) = self.running.first().map(|running| running.sequence.model().clone()) else {
            return;
        };
        let mut left = prompt_tokens;
        let mut batch = Vec::new();
        let mut members = Vec::new();
        for (index, running) in self.running.iter_mut().enumerate() {
            let Some((tokens, output)) = running.sequence.next_tokens(left) else {
                continue;
            };
            if running.sequence.is_reading() {
                left -= tokens.len();
            }
            self.served += tokens.len() as u64;
            batch.push(Segment { tokens, output, cache: &mut running.cache });
            members.push(index);
        }
        let rows = match model.network().forward(&mut batch) {
            Ok(rows) => rows,
            Err(error) => return self.fail(&EngineError::from(error), reports),
        };
        drop(batch);
        self.advance(&members, rows, reports);
    }

    /// Gives every member its logits, last to first, so that those who finish can leave on the way.
    fn advance(&mut self, members: &[usize], rows: Vec<Vec<f32>>, reports: &mut Reports) {
        let mut outcomes = Vec::new();
        for (index, logits) in members.iter().zip(rows) {
            let running = &mut self.running[*index];
            let progress = running.sequence.advance(logits);
            outcomes.push((*index, running.id, progress));
        }
        let mut leaving = Vec::new();
        for (index, id, progress) in outcomes {
            match progress {
                Progress::Reading => {}
                Progress::Token { id: token, text, stop } => {
                    reports.push((id, Report::Event(Event::Token { id: token, text })));
                    leaving.extend(stop.map(|stop| (index, Ok(stop))));
                }
                Progress::Failed(error) => leaving.push((index, Err(error))),
            }
        }
        for (index, end) in leaving.into_iter().rev() {
            let Running { id, sequence, .. } = self.running.remove(index);
            let report = match end {
                Ok(stop) => finish(sequence, stop),
                Err(error) => Report::Event(Event::Failed(error)),
            };
            reports.push((id, report));
        }
    }

    fn fail(&mut self, error: &EngineError, reports: &mut Reports) {
        tracing::error!(model = %self.model, %error, "a forward pass failed");
        let failed = self.running.drain(..).map(|running| (running.id, Report::Event(Event::Failed(error.clone()))));
        reports.extend(failed);
    }
}

fn finish(sequence: Sequence, stop: StopReason) -> Report {
    Report::Event(Event::Finished(sequence.finish(stop)))
}
