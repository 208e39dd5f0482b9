//! Who runs when: in every round each task goes once through all contenders, beginning with another one each time, with
//! a reading of the memory's speed before each.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::Failure;
use crate::bandwidth::Bandwidth;
use crate::child::{Child, Places};
use crate::contender::{Contender, League};
use crate::figures::{Task, warm_up};
use crate::machine;
use crate::protocol::{Answer, Loaded};

/// Above this share of the processors used by others, a run is tried again.
pub(crate) const DISTURBED: f64 = 0.05;
/// How often a run is tried at most.
const TRIES: usize = 3;
/// How long to wait for a quiet moment.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a moment is.
const MOMENT: Duration = Duration::from_millis(250);
/// Requests of sixteen prompts for the proof.
const PROOFS: usize = 4;
/// Seeds from here on aren't used in rounds.
const FAR: usize = 1_000_000;

/// All measurements of one contender.
pub(crate) struct Record {
    /// Whose.
    pub(crate) contender: Contender,
    /// What it said when it had loaded.
    pub(crate) loaded: Loaded,
    /// The likeliest tokens after some prompts, the same for all.
    likeliest: Vec<u32>,
    /// Each task's runs.
    pub(crate) runs: BTreeMap<Task, Vec<Run>>,
}

/// One timed run.
pub(crate) struct Run {
    /// What came of it.
    pub(crate) answer: Answer,
    /// How fast memory was read just before, in bytes a second.
    pub(crate) bandwidth: f64,
    /// The share of the processors that others used during both.
    pub(crate) foreign: f64,
}

/// Everything that one run of the benchmark measured.
pub(crate) struct Results {
    /// Of every contender that could be started.
    pub(crate) records: Vec<Record>,
    /// Who couldn't take part, and why.
    pub(crate) absent: Vec<(String, String)>,
}

/// Runs all rounds.
pub(crate) fn run(contenders: Vec<Contender>, places: &Places, rounds: usize) -> Result<Results, Failure> {
    let memory = Bandwidth::new(places.threads)?;
    let mut results = Results { records: Vec::new(), absent: Vec::new() };
    let mut children = Vec::new();
    for contender in contenders {
        progress(&format!("loading {}", contender.label()));
        match enter(&contender, places) {
            Ok((child, likeliest)) => {
                let loaded = child.loaded.clone();
                results.records.push(Record { contender, loaded, likeliest, runs: BTreeMap::new() });
                children.push(child);
            }
            Err(error) => results.absent.push((contender.label(), error.to_string())),
        }
    }
    for round in 0..rounds {
        for task in Task::of(League::Open) {
            for index in rotated(children.len(), round) {
                let (record, child) = (&mut results.records[index], &mut children[index]);
                if !Task::of(record.contender.league).contains(task) {
                    continue;
                }
                progress(&format!("round {} of {rounds}: {task:?}, {}", round + 1, record.contender.label()));
                let run = quietest(child, &memory, *task, round)?;
                record.runs.entry(*task).or_default().push(run);
            }
        }
    }
    Ok(results)
}

impl Results {
    /// The records of a league.
    pub(crate) fn league(&self, league: League) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| record.contender.league == league)
    }

    /// All runs that count.
    pub(crate) fn runs(&self) -> impl Iterator<Item = &Run> {
        self.records.iter().flat_map(|record| record.runs.values().flatten())
    }

    /// The mean of all readings of the memory's speed, in bytes a second.
    pub(crate) fn mean_bandwidth(&self) -> Option<f64> {
        let count = self.runs().count();
        (count > 0).then(|| self.runs().map(|run| run.bandwidth).sum::<f64>() / count as f64)
    }

    /// After how many of how many prompts a contender finds the same token likeliest as our f32 does.
    pub(crate) fn agreement(&self, record: &Record) -> String {
        let is_reference = |record: &&Record| record.contender.is_ours() && record.contender.precision == "f32";
        let Some(reference) = self.records.iter().find(is_reference) else { return "–".to_owned() };
        let same = record.likeliest.iter().zip(&reference.likeliest).filter(|(a, b)| a == b).count();
        format!("{same}/{}", reference.likeliest.len())
    }
}

/// Starts a contender, has it warm up, and takes the likeliest tokens after some prompts as proof of what it computes.
fn enter(contender: &Contender, places: &Places) -> Result<(Child, Vec<u32>), Failure> {
    let mut child = Child::start(contender, places)?;
    let mut likeliest = Vec::new();
    for seed in 0..PROOFS {
        let mut request = Task::Chats(16).request(FAR + seed);
        request.new = 2;
        let answers = child.ask(&[&request])?;
        likeliest.extend(answers.iter().flat_map(|answer| &answer.tokens).filter_map(|tokens| tokens.first()));
    }
    child.ask(&[&Task::Prefill.request(FAR)])?;
    Ok((child, likeliest))
}

/// `0..count`, beginning elsewhere in each round.
fn rotated(count: usize, round: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |index| (index + round * 5) % count)
}

/// Runs a task until nobody else disturbs it, and gives the least disturbed run.
fn quietest(child: &mut Child, memory: &Bandwidth, task: Task, round: usize) -> Result<Run, Failure> {
    let mut best: Option<Run> = None;
    for attempt in 0..TRIES {
        let seed = round * TRIES + attempt;
        let run = timed(child, memory, task, seed)?;
        if best.as_ref().is_none_or(|best| run.foreign < best.foreign) {
            best = Some(run);
        }
        if best.as_ref().is_some_and(|best| best.foreign < DISTURBED) {
            break;
        }
    }
    best.ok_or_else(|| "no run".into())
}

/// Waits until others leave the processors alone, but not for ever.
fn quiet(threads: usize) -> Result<(), Failure> {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        let (moment, before) = (Instant::now(), machine::all_processor_time()?);
        std::thread::sleep(MOMENT);
        let used = machine::all_processor_time()? - before;
        if used / (moment.elapsed().as_secs_f64() * threads as f64) < DISTURBED {
            break;
        }
    }
    Ok(())
}

fn timed(child: &mut Child, memory: &Bandwidth, task: Task, seed: usize) -> Result<Run, Failure> {
    quiet(memory.threads())?;
    let request = task.request(seed);
    let ours = |child: &Child| Ok::<_, Failure>(child.processor_time()? + machine::processor_time(std::process::id())?);
    let (begin, all, own) = (Instant::now(), machine::all_processor_time()?, ours(child)?);
    let bandwidth = memory.sample();
    child.ask(&[&warm_up(seed)])?;
    let answer = child.ask(&[&request])?.pop().ok_or("no answer")?;
    let (all, own) = (machine::all_processor_time()? - all, ours(child)? - own);
    let foreign = (all - own) / (begin.elapsed().as_secs_f64() * memory.threads() as f64);
    Ok(Run { answer, bandwidth, foreign: foreign.max(0.0) })
}

#[expect(clippy::print_stderr, reason = "a benchmark that takes minutes says where it is")]
fn progress(text: &str) {
    eprintln!("{text}");
}
