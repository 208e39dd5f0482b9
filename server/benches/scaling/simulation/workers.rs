//! Machines that generate: each runs a batch of replies, a token for all of them in each step. Who is done leaves, and who
//! waits takes its place.

use std::collections::VecDeque;

use super::{Nanos, nanos, seconds};

/// How fast a worker is.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    /// Tokens a second over the whole batch, by replies at once; rising.
    pub(crate) decoding: Vec<(usize, f64)>,
    /// Tokens a second of a prompt.
    pub(crate) prefill: f64,
}

impl Pace {
    /// Replies at once.
    pub(crate) fn most(&self) -> usize {
        self.decoding.last().map_or(1, |(rows, _)| *rows)
    }
}

/// How long a step takes with so many replies at once: between those that were measured, in a straight line.
pub(crate) fn step_seconds(pace: &Pace, rows: usize) -> f64 {
    let took = |&(rows, rate): &(usize, f64)| (rows as f64, rows as f64 / rate);
    let above = pace.decoding.iter().position(|(measured, _)| *measured >= rows).unwrap_or(pace.decoding.len() - 1);
    let (most, slow) = took(&pace.decoding[above]);
    let Some((least, fast)) = above.checked_sub(1).map(|below| took(&pace.decoding[below])) else { return slow };
    fast + (slow - fast) * (rows as f64 - least) / (most - least)
}

/// A reply to be made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    pub(super) chat: usize,
    pub(super) tokens: u32,
}

/// All workers, and what waits for them.
pub(super) struct Crew {
    pace: Pace,
    prompt: f64,
    workers: Vec<Vec<Task>>,
    directed: VecDeque<Task>,
    ambient: VecDeque<Task>,
    /// Who is asked first, so that none is preferred.
    next: usize,
    worked: Nanos,
}

impl Crew {
    /// So many, with nothing to do; prompts have so many tokens.
    pub(super) fn new(workers: usize, pace: Pace, prompt: f64) -> Self {
        let (directed, ambient) = (VecDeque::new(), VecDeque::new());
        Self { pace, prompt, workers: vec![Vec::new(); workers], directed, ambient, next: 0, worked: 0 }
    }

    /// Takes a reply to be made; returns a worker that begins with it, and how long its first step takes. One that is at a
    /// step looks by itself at the step's end.
    pub(super) fn ask(&mut self, task: Task, directed: bool) -> Option<(usize, Nanos)> {
        if directed { &mut self.directed } else { &mut self.ambient }.push_back(task);
        let count = self.workers.len();
        let idle = (0..count).map(|step| (self.next + step) % count).find(|worker| self.workers[*worker].is_empty())?;
        self.next = idle + 1;
        self.step(idle).map(|took| (idle, took))
    }

    /// A step has ended: hands over who is done, and how long the next step takes, if there is one.
    pub(super) fn stepped(&mut self, worker: usize, done: &mut Vec<usize>) -> Option<Nanos> {
        self.workers[worker].retain_mut(|task| {
            task.tokens -= 1;
            if task.tokens == 0 {
                done.push(task.chat);
            }
            task.tokens > 0
        });
        self.step(worker)
    }

    fn step(&mut self, worker: usize) -> Option<Nanos> {
        let rows = &mut self.workers[worker];
        let before = rows.len();
        while rows.len() < self.pace.most() {
            let Some(task) = self.directed.pop_front().or_else(|| self.ambient.pop_front()) else { break };
            rows.push(task);
        }
        if rows.is_empty() {
            return None;
        }
        let prompts = (rows.len() - before) as f64 * self.prompt / self.pace.prefill;
        let took = nanos(prompts + step_seconds(&self.pace, rows.len()));
        self.worked += took;
        Some(took)
    }

    /// What part of their time they were at work, within so many seconds. One at work may still have room.
    pub(super) fn at_work(&self, span: f64) -> f64 {
        seconds(self.worked) / (span * self.workers.len() as f64)
    }

    /// Forgets how long they worked until now.
    pub(super) fn forget(&mut self) {
        self.worked = 0;
    }
}
