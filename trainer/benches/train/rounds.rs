//! The turns: everybody learns one batch, then the next one.

use std::time::Instant;

use crate::child::{Answer, Child, Places, Request};
use crate::contender::Contender;
use crate::{Failure, machine};

/// Rows of a batch, and tokens of each.
pub(crate) const BATCH: (usize, usize) = (8, 128);

/// What came of a contender.
#[derive(Debug)]
pub(crate) struct Record {
    /// Who.
    pub(crate) contender: Contender,
    /// What it says of itself.
    pub(crate) about: String,
    /// Its steps, but for the first one.
    pub(crate) answers: Vec<Answer>,
    /// The share of the processors that others used meanwhile, by step.
    pub(crate) foreign: Vec<f64>,
}

/// One step of everybody that doesn't count, then those that do.
pub(crate) fn run(contenders: &[Contender], places: &Places, rounds: usize) -> Result<Vec<Record>, Failure> {
    let mut children = Vec::new();
    for contender in contenders {
        let child = Child::start(contender, places).map_err(|error| format!("{}: {error}", contender.name))?;
        let about = child.loaded.about.clone();
        children.push((child, Record { contender: *contender, about, answers: Vec::new(), foreign: Vec::new() }));
    }
    for round in 0..=rounds {
        let request = Request { ids: batch(round) };
        for (child, record) in &mut children {
            let (answer, foreign) =
                turn(child, &request).map_err(|error| format!("{}: {error}", record.contender.name))?;
            eprintln!("{round} {}: {:.2} s, loss {:.5}", record.contender.name, answer.seconds, answer.loss);
            if round > 0 {
                record.answers.push(answer);
                record.foreign.push(foreign);
            }
        }
    }
    Ok(children.into_iter().map(|(_, record)| record).collect())
}

/// One step, and the share of the processors that others used meanwhile.
fn turn(child: &mut Child, request: &Request) -> Result<(Answer, f64), Failure> {
    let (begin, all, own) = (Instant::now(), machine::all_processor_time()?, child.processor_time()?);
    let answer = child.ask(request)?;
    let foreign = machine::all_processor_time()? - all - (child.processor_time()? - own);
    let cores = std::thread::available_parallelism().map_or(1.0, |cores| usize::from(cores) as f64);
    Ok((answer, (foreign / begin.elapsed().as_secs_f64() / cores).max(0.0)))
}

/// Ids that follow from the round.
fn batch(round: usize) -> Vec<Vec<u32>> {
    let (rows, columns) = BATCH;
    (0..rows).map(|row| ids(columns, 50_000, round * rows + row)).collect()
}

/// Ids below `vocabulary`: a linear congruential sequence is random enough for a random model.
pub(crate) fn ids(count: usize, vocabulary: u64, seed: usize) -> Vec<u32> {
    let mut state = (seed as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % vocabulary) as u32
    };
    (0..count).map(|_| next()).collect()
}
