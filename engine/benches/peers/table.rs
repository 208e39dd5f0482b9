//! The figures as Markdown tables.

use std::fmt::Write as _;

use crate::contender::League;
use crate::figures::{Figure, Task};
use crate::rounds::{Record, Results};

/// A column's head, what it shows of a record, and with how many decimals.
type Column = (&'static str, fn(&Record) -> Option<Figure>, usize);

const OPEN: [Column; 7] = [
    ("1 chat tok/s", |record| rate(record, Task::Chats(1)), 0),
    ("first token ms", first, 1),
    ("8 chats tok/s", |record| rate(record, Task::Chats(8)), 0),
    ("16 chats tok/s", |record| rate(record, Task::Chats(16)), 0),
    ("prefill 512 tok/s", |record| rate(record, Task::Prefill), 0),
    ("load s", |record| Figure::of(vec![record.loaded.load]), 2),
    ("peak RSS MiB", peak, 0),
];

const AVX2: [Column; 2] = [
    ("1 chat tok/s", |record| rate(record, Task::Chats(1)), 0),
    ("8 chats tok/s", |record| rate(record, Task::Chats(8)), 0),
];

/// Tokens a second in a task.
pub(crate) fn rate(record: &Record, task: Task) -> Option<Figure> {
    Figure::of(record.runs.get(&task)?.iter().map(|run| task.rate(&run.answer)).collect())
}

/// Milliseconds to the first token of one chat.
pub(crate) fn first(record: &Record) -> Option<Figure> {
    Figure::of(record.runs.get(&Task::Chats(1))?.iter().map(|run| run.answer.first * 1e3).collect())
}

fn peak(record: &Record) -> Option<Figure> {
    let peaks = record.runs.values().flatten().map(|run| run.answer.peak_memory);
    Some(Figure::of(peaks.collect())?).map(|peaks| Figure { median: peaks.high, low: peaks.high, high: peaks.high })
}

/// The table of one league.
pub(crate) fn league(results: &Results, league: League) -> String {
    let columns: &[Column] = match league {
        League::Open => &OPEN,
        League::Avx2 => &AVX2,
    };
    let mut text = String::from("| engine | precision |");
    columns.iter().for_each(|(head, ..)| text += &format!(" {head} |"));
    if league == League::Open {
        text += " same as f32 |";
    }
    text += "\n|---|---|";
    text += &"---|".repeat(columns.len() + usize::from(league == League::Open));
    text.push('\n');
    for record in results.league(league) {
        text += &format!("| {} | {} |", record.contender.name, record.contender.precision);
        columns
            .iter()
            .for_each(|(_, figure, decimals)| text += &format!(" {} |", Figure::show(figure(record), *decimals)));
        if league == League::Open {
            text += &format!(" {} |", results.agreement(record));
        }
        text.push('\n');
    }
    text
}

/// Our int8 against the best other engine in each measure: greater is better for us.
pub(crate) fn ratios(results: &Results, league: League) -> String {
    let measures: &[(&str, Measure)] = match league {
        League::Open => &[
            ("1 chat", |record| rate(record, Task::Chats(1)).map(|figure| figure.median)),
            ("first token", |record| first(record).map(|figure| figure.median.recip())),
            ("8 chats", |record| rate(record, Task::Chats(8)).map(|figure| figure.median)),
            ("16 chats", |record| rate(record, Task::Chats(16)).map(|figure| figure.median)),
            ("prefill 512", |record| rate(record, Task::Prefill).map(|figure| figure.median)),
        ],
        League::Avx2 => &[
            ("1 chat", |record| rate(record, Task::Chats(1)).map(|figure| figure.median)),
            ("8 chats", |record| rate(record, Task::Chats(8)).map(|figure| figure.median)),
        ],
    };
    let mut text = String::new();
    let is_int8 = |record: &&Record| record.contender.is_ours() && record.contender.precision == "int8";
    let Some(ours) = results.league(league).find(is_int8) else { return text };
    for (name, measure) in measures {
        let peers = results.league(league).filter(|record| !record.contender.is_ours());
        let best = peers.filter_map(|record| Some((measure(record)?, record))).max_by(|a, b| a.0.total_cmp(&b.0));
        let (Some(own), Some((best, record))) = (measure(ours), best) else { continue };
        if text.is_empty() {
            text += "| our int8 in | against the best peer | which is | against llama.cpp Q8_0 |\n|---|---|---|---|\n";
        }
        let llama = results.league(league).find(|record| record.contender.label() == "llama.cpp Q8_0");
        let llama = llama.and_then(measure).map_or("–".to_owned(), |llama| format!("{:.2}", own / llama));
        let _ = writeln!(text, "| {name} | **{:.2}** | {} | {llama} |", own / best, record.contender.label());
    }
    text
}

/// A number that is the greater the better.
type Measure = fn(&Record) -> Option<f64>;
