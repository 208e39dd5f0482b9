//! The sequences of one model: its queue, those that run, and their common forward pass.

use std::collections::VecDeque;

use super::shelf::Shelf;
use super::{Report, Reports, SequenceId, finish};
use crate::generation::Event;
use crate::key::ModelKey;
use crate::model::{Compute, KvCache, Output, Segment};
use crate::sequence::{Progress, Sequence};

/// One model's part of a scheduler.
pub(super) struct Turn {
    model: ModelKey,
    waiting: VecDeque<(SequenceId, Sequence)>,
    running: Vec<Running>,
    /// Tokens that its admitted sequences may compute, less what they left: the model with least is owed most.
    granted: u64,
}

struct Running {
    id: SequenceId,
    sequence: Sequence,
    cache: KvCache,
    /// Room for the logits at hand.
    logits: Vec<f32>,
}

/// A sequence that takes part in a pass.
struct Member<'a> {
    /// Where it is among those that run.
    index: usize,
    id: SequenceId,
    sequence: &'a mut Sequence,
    logits: &'a mut Vec<f32>,
    /// Which of the pass's logits are its own.
    row: Option<usize>,
    progress: Progress,
}

impl Turn {
    pub(super) fn new(model: ModelKey) -> Self {
        Self { model, waiting: VecDeque::new(), running: Vec::new(), granted: 0 }
    }

    pub(super) fn model(&self) -> ModelKey {
        self.model
    }

    pub(super) fn running(&self) -> usize {
        self.running.len()
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn granted(&self) -> u64 {
        self.granted
    }

    pub(super) fn kv_bytes(&self) -> usize {
        self.running.iter().map(|running| running.sequence.kv_bytes()).sum()
    }

    /// Prompt tokens that its running sequences have yet to read.
    pub(super) fn unread(&self) -> usize {
        self.running.iter().map(|running| running.sequence.unread()).sum()
    }

    /// Puts a sequence at the end of the queue. `granted` is where a model begins whose queue was empty.
    pub(super) fn submit(&mut self, id: SequenceId, sequence: Sequence, granted: u64) {
        if self.waiting.is_empty() {
            self.granted = self.granted.max(granted);
        }
        self.waiting.push_back((id, sequence));
    }

    /// Lets the first of the queue run if it fits. All tokens it may come to count at once: how many it will be nobody
    /// knows, and other models are to have their turn before they are known.
    pub(super) fn admit(&mut self, fits: impl FnOnce(&Sequence) -> bool, shelf: &mut Shelf) -> Option<SequenceId> {
        let (id, sequence) = self.waiting.pop_front_if(|(_, sequence)| fits(sequence))?;
        self.granted += sequence.tokens_left() as u64;
        self.running.push(Running {
            id,
            cache: sequence.cache_within(|bytes| shelf.take(bytes)),
            sequence,
            logits: Vec::new(),
        });
        Some(id)
    }

    /// Takes a sequence out, whether it waits or runs.
    pub(super) fn remove(&mut self, id: SequenceId, shelf: &mut Shelf) -> Option<Sequence> {
        if let Some(at) = self.waiting.iter().position(|(waiting, _)| *waiting == id) {
            return self.waiting.remove(at).map(|(_, sequence)| sequence);
        }
        let at = self.running.iter().position(|running| running.id == id)?;
        Some(self.leave(at, shelf))
    }

    /// Takes a running sequence out. What it was granted and didn't use goes back.
    fn leave(&mut self, at: usize, shelf: &mut Shelf) -> Sequence {
        let Running { sequence, cache, .. } = self.running.remove(at);
        self.granted = self.granted.saturating_sub(sequence.tokens_left() as u64);
        shelf.put_back(cache.into_memory());
        sequence
    }

    /// One forward pass over one token of each sequence that is writing, and up to `prompt_tokens` of those that are
    /// still reading their prompts.
    pub(super) fn forward(
        &mut self,
        compute: &mut Compute,
        prompt_tokens: usize,
        (reports, shelf): (&mut Reports, &mut Shelf),
    ) {
        let Some(model) = self.running.first().map(|running| running.sequence.model().clone()) else {
            return;
        };
        let mut left = prompt_tokens;
        let mut parts = Vec::new();
        for (index, running) in self.running.iter_mut().enumerate() {
            let Some((tokens, output)) = running.sequence.next_tokens(left) else {
                continue;
            };
            if running.sequence.is_reading() {
                left -= tokens.len();
            }
            let Running { id, sequence, cache, logits } = running;
            let adapter = sequence.model().adapter().cloned();
            let member = Member { index, id: *id, sequence, logits, row: None, progress: Progress::Reading };
            parts.push((Segment { tokens, output, cache, adapter }, member));
        }
        // Rows of one adapter side by side: its weights are read once for all of them.
        parts.sort_by_key(|(segment, _)| segment.adapter.as_ref().map(|adapter| adapter.id()));
        let (mut batch, mut members): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        let asked = batch.iter().zip(&mut members).filter(|(segment, _)| segment.output == Output::Last);
        asked.enumerate().for_each(|(row, (_, member))| member.row = Some(row));
        model.network().forward(compute, &mut batch).for_each(&mut members, |member, read| {
            if let Some(row) = member.row {
                read(row, member.logits);
            }
            member.progress = member.sequence.advance(member.logits);
        });
        members.sort_by_key(|member| member.index);
        let outcomes = members.into_iter().map(|member| (member.index, member.id, member.progress)).collect();
        self.report(outcomes, (reports, shelf));
    }

    /// Tells what came of the pass, and lets go of those who finished, last to first.
    fn report(&mut self, outcomes: Vec<(usize, SequenceId, Progress)>, (reports, shelf): (&mut Reports, &mut Shelf)) {
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
            let id = self.running[index].id;
            let sequence = self.leave(index, shelf);
            let report = match end {
                Ok(stop) => finish(sequence, stop),
                Err(error) => Report::Event(Event::Failed(error)),
            };
            reports.push((id, report));
        }
    }
}
