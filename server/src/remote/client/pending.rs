//! The jobs that are elsewhere. A job may be made twice, by a worker that died over it and by its successor: each token is
//! told once, and the first result counts. Reads no clock.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use maskarad_engine::ModelKey;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Heard;
use crate::remote::protocol::{Done, Token};

/// All of them, by number.
#[derive(Default)]
pub(super) struct Pending(Mutex<HashMap<u64, Entry>>);

/// One of them.
pub(super) struct Entry {
    model: ModelKey,
    heard: mpsc::UnboundedSender<Heard>,
    /// The ids of the tokens that were told.
    told: Vec<u32>,
    deadline: Instant,
    /// Since when nobody is there who could make it.
    lost_since: Option<Instant>,
}

impl Entry {
    pub(super) fn new(model: ModelKey, heard: mpsc::UnboundedSender<Heard>, deadline: Instant) -> Self {
        Self { model, heard, told: Vec::new(), deadline, lost_since: None }
    }

    /// Tells the tokens that weren't yet. Two workers say the same, unless one of them computes otherwise.
    fn tell(&mut self, from: usize, tokens: Vec<Token>) -> Result<(), String> {
        for (at, token) in (from..).zip(tokens) {
            match self.told.get(at) {
                Some(id) if *id == token.0 => {}
                Some(_) => return Err("two workers made different tokens of one job: f32 weights need workers with the same instruction set; int8 weights don't".to_owned()),
                None if at == self.told.len() => {
                    self.told.push(token.0);
                    let _ = self.heard.send(Heard::Token(token));
                }
                // Some were lost on the way; the result has them.
                None => return Ok(()),
            }
        }
        Ok(())
    }

    fn end(self, heard: Heard) {
        let _ = self.heard.send(heard);
    }
}

impl Pending {
    pub(super) fn add(&self, attempt: u64, entry: Entry) {
        self.entries().insert(attempt, entry);
    }

    pub(super) fn remove(&self, attempt: u64) {
        self.entries().remove(&attempt);
    }

    pub(super) fn len(&self) -> usize {
        self.entries().len()
    }

    /// Some tokens came.
    pub(super) fn progress(&self, attempt: u64, from: usize, tokens: Vec<Token>) {
        let mut entries = self.entries();
        let Some(entry) = entries.get_mut(&attempt) else { return };
        if let Err(why) = entry.tell(from, tokens)
            && let Some(entry) = entries.remove(&attempt)
        {
            entry.end(Heard::Lost(why));
        }
    }

    /// A result came. Returns why it is none, where somebody made it with other weights.
    pub(super) fn done(&self, done: Done) -> Option<String> {
        let Some(mut entry) = self.entries().remove(&done.attempt) else {
            tracing::debug!(attempt = done.attempt, worker = done.worker, "nobody waits for this result any more");
            return None;
        };
        if done.model != entry.model {
            let why = format!(
                "worker {} made it with other weights ({}) than those that were asked for ({})",
                done.worker, done.model, entry.model
            );
            entry.end(Heard::Lost(why.clone()));
            return Some(why);
        }
        match entry.tell(0, done.tokens) {
            Ok(()) => entry.end(Heard::Finished(done.finished)),
            Err(why) => entry.end(Heard::Lost(why)),
        }
        None
    }

    /// A job ended otherwise.
    pub(super) fn end(&self, attempt: u64, heard: Heard) {
        if let Some(entry) = self.entries().remove(&attempt) {
            entry.end(heard);
        }
    }

    /// Ends those that are past their deadline, and those for which `lost` has given a reason for longer than `patience`.
    pub(super) fn expire(&self, now: Instant, patience: Duration, lost: impl Fn(&ModelKey) -> Option<String>) {
        let mut entries = self.entries();
        let mut over = Vec::new();
        for (attempt, entry) in entries.iter_mut() {
            match lost(&entry.model) {
                None => entry.lost_since = None,
                Some(why) if now.saturating_duration_since(*entry.lost_since.get_or_insert(now)) >= patience => {
                    over.push((*attempt, Heard::Lost(why)));
                    continue;
                }
                Some(_) => {}
            }
            if now >= entry.deadline {
                over.push((*attempt, Heard::Failed("nothing was heard of it within its deadline".to_owned())));
            }
        }
        for (attempt, heard) in over {
            if let Some(entry) = entries.remove(&attempt) {
                entry.end(heard);
            }
        }
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use maskarad_engine::{Finished, Precision, StopReason, Timings};

    use super::*;

    const SOON: Duration = Duration::from_secs(60);

    fn model() -> ModelKey {
        ModelKey::new([1; 32], Precision::Int8)
    }

    fn token(id: u32) -> Token {
        (id, format!("t{id}"))
    }

    fn done(tokens: &[u32], model: ModelKey) -> Done {
        let finished = Finished {
            ids: tokens.to_vec(),
            text: None,
            stop_reason: StopReason::Length,
            timings: Timings::default(),
            prompt_logits: None,
        };
        let tokens = tokens.iter().copied().map(token).collect();
        Done { attempt: 5, worker: "w".to_owned(), model, tokens, finished }
    }

    fn one() -> (Pending, mpsc::UnboundedReceiver<Heard>) {
        let (pending, (sender, receiver)) = (Pending::default(), mpsc::unbounded_channel());
        pending.add(5, Entry::new(model(), sender, Instant::now() + SOON));
        (pending, receiver)
    }

    fn said(receiver: &mut mpsc::UnboundedReceiver<Heard>) -> String {
        let mut said = Vec::new();
        while let Ok(heard) = receiver.try_recv() {
            said.push(match heard {
                Heard::Token((id, _)) => id.to_string(),
                Heard::Finished(_) => "end".to_owned(),
                Heard::Failed(_) => "failed".to_owned(),
                Heard::Lost(_) => "lost".to_owned(),
            });
        }
        said.join(" ")
    }

    #[test]
    fn each_token_is_told_once_whoever_makes_it() {
        let (pending, mut receiver) = one();
        pending.progress(5, 0, vec![token(1), token(2)]);
        // The first died; the second begins anew.
        pending.progress(5, 0, vec![token(1)]);
        pending.progress(5, 1, vec![token(2), token(3)]);
        // One message was lost.
        pending.progress(5, 4, vec![token(5)]);
        assert_eq!(said(&mut receiver), "1 2 3");
        assert_eq!(pending.done(done(&[1, 2, 3, 4, 5], model())), None);
        // The first wasn't dead after all.
        assert_eq!(pending.done(done(&[1, 2, 3, 4, 5], model())), None);
        pending.progress(5, 5, vec![token(6)]);
        assert_eq!(said(&mut receiver), "4 5 end");
        assert_eq!(pending.len(), 0);
    }

    #[test]
    fn other_tokens_and_other_weights_are_no_result() {
        let (pending, mut receiver) = one();
        pending.progress(5, 0, vec![token(1), token(2)]);
        pending.progress(5, 0, vec![token(9)]);
        assert_eq!(said(&mut receiver), "1 2 lost");
        let (pending, mut receiver) = one();
        let why = pending.done(done(&[1], model().with_adapter([2; 32]))).unwrap();
        assert!(why.starts_with("worker w made it with other weights"), "{why}");
        assert_eq!(said(&mut receiver), "lost");
    }

    #[test]
    fn what_waits_in_vain_ends() {
        let (pending, mut receiver) = one();
        let begin = Instant::now();
        let patience = Duration::from_secs(5);
        let away = |_: &ModelKey| Some("away".to_owned());
        pending.expire(begin, patience, away);
        pending.expire(begin + patience / 2, patience, |_| None);
        pending.expire(begin + patience, patience, away);
        assert_eq!(said(&mut receiver), "", "it was back in between");
        pending.expire(begin + patience * 2, patience, away);
        assert_eq!(said(&mut receiver), "lost");
        let (pending, mut receiver) = one();
        pending.expire(begin + SOON * 2, patience, |_| None);
        assert_eq!(said(&mut receiver), "failed");
    }
}
