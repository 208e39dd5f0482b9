//! The whole report, and its place in `docs/BENCHMARKS.md`.

use std::fmt::Write as _;
use std::path::Path;

use crate::Failure;
use crate::contender::League;
use crate::figures::{Figure, LONG, NEW, PROMPT, Task};
use crate::machine;
use crate::rounds::{DISTURBED, Record, Results};
use crate::table::{league, rate, ratios};

/// The section's heading; what follows, up to the next heading of its level, is ours.
const HEADING: &str = "## Against other engines (`engine/benches/peers/`)";

/// What to say about how it was measured.
pub(crate) struct Setting {
    /// Threads of each engine.
    pub(crate) threads: usize,
    /// Rounds.
    pub(crate) rounds: usize,
    /// The day, where it is known.
    pub(crate) date: String,
}

/// The section as Markdown.
pub(crate) fn section(results: &Results, setting: &Setting) -> String {
    let mut text = format!("{HEADING}\n\n");
    let Setting { threads, rounds, date } = setting;
    let _ = writeln!(
        text,
        "`make bench`, {date}. {}. Random checkpoint of ruGPT3Small's shape (12×768, 50,264 rows), {threads} threads, prompts of \
         {PROMPT} tokens and {NEW} new ones, greedy. Medians of {rounds} interleaved rounds, (lowest–highest) beside them; tok/s is \
         decoding alone, `same as f32` counts the prompts after which the likeliest token is that of our f32.\n",
        machine::describe(),
    );
    text += &league(results, League::Open);
    let _ = writeln!(text, "\n{}", ratios(results, League::Open));
    text += &roofline(results);
    if results.league(League::Avx2).next().is_some() {
        text += "\n### Held to AVX2\n\n";
        text += &league(results, League::Avx2);
        let _ = writeln!(text, "\n{}", ratios(results, League::Avx2));
    }
    text += &notes(results);
    text
}

/// What the memory's speed would allow to one chat, and how near each of our precisions comes.
fn roofline(results: &Results) -> String {
    let Some(bandwidth) = results.mean_bandwidth() else { return String::new() };
    let spread = Figure::of(results.runs().map(|run| run.bandwidth / 1e9).collect());
    let mut text = format!(
        "Memory, read by two threads in huge pages before every run: {:.1} GB/s in the mean, median {}.\n",
        bandwidth / 1e9,
        Figure::show(spread, 1)
    );
    for record in results.league(League::Open).filter(|record| record.contender.is_ours()) {
        let Some((limit, bytes)) = limit(record, bandwidth) else { continue };
        let Some(figure) = rate(record, Task::Chats(1)) else { continue };
        let _ = writeln!(
            text,
            "{} reads {:.1} MB a token (packed weights, and keys and values in the mean), which allows {limit:.0} tok/s to one \
             chat: it reaches **{:.0} %**.",
            record.contender.label(),
            bytes / 1e6,
            100.0 * figure.median / limit
        );
    }
    text
}

/// Tokens a second that the memory allows, and the bytes of a token.
fn limit(record: &Record, bandwidth: f64) -> Option<(f64, f64)> {
    let past = PROMPT as f64 + NEW as f64 / 2.0;
    let bytes = record.loaded.weights? as f64 + record.loaded.token_bytes? as f64 * past;
    Some((bandwidth / bytes, bytes))
}

/// Versions, settings, and how undisturbed it was.
fn notes(results: &Results) -> String {
    let mut text = String::from("\nSettings of each:\n\n");
    for record in &results.records {
        let environment = record.contender.environment.iter().map(|(name, value)| format!(", `{name}={value}`"));
        let environment: String = environment.collect();
        let _ = writeln!(text, "- {}: {}{environment}", record.contender.label(), record.loaded.about);
    }
    for (label, reason) in &results.absent {
        let _ = writeln!(text, "- {label} did not take part: {reason}");
    }
    let foreign = results.runs().map(|run| 100.0 * run.foreign).collect();
    let (disturbed, all) = (results.runs().filter(|run| run.foreign >= DISTURBED).count(), results.runs().count());
    let _ = writeln!(
        text,
        "\nA contender stands still (SIGSTOP) unless it is its turn, and a run that others disturb is tried twice more. Of the {all} \
         runs that count, {disturbed} were disturbed all the same: others used {} % of the processors. Prefill of {LONG} tokens \
         ends with the logits of the last one. How good int8 is beside f32 and candle's Q8_0, `make perplexity` tells.",
        Figure::show(Figure::of(foreign), 1)
    );
    text
}

/// Puts the section into the document in place of its former self, or at its end.
pub(crate) fn write(document: &Path, section: &str) -> Result<(), Failure> {
    let text = match std::fs::read_to_string(document) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        text => text?,
    };
    Ok(std::fs::write(document, replaced(&text, section))?)
}

fn replaced(text: &str, section: &str) -> String {
    let Some(begin) = text.find(HEADING) else {
        return format!("{}\n\n{section}", text.trim_end());
    };
    let rest = &text[begin + HEADING.len()..];
    let after = rest.find("\n## ").map_or("", |end| &rest[end..]);
    format!("{}{}\n{after}", &text[..begin], section.trim_end())
}
