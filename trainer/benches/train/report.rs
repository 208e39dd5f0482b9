//! The report, and its place in `docs/BENCHMARKS.md`.

use std::fmt::Write as _;
use std::path::Path;

use time::OffsetDateTime;

use crate::agree::Agreement;
use crate::contender::REFERENCE;
use crate::figure::Figure;
use crate::rounds::{BATCH, Record};
use crate::{Failure, machine};

/// Between these lines a document holds the section.
const MARKS: (&str, &str) = ("<!-- make bench-train -->", "<!-- end of make bench-train -->");

/// The section as Markdown.
pub(crate) fn section(results: &[Record], agreement: &Agreement, threads: usize, rounds: usize) -> String {
    let (rows, columns) = BATCH;
    let mut text = String::from("## A training step against PyTorch (`make bench-train`, trainer/benches/train)\n\n");
    let _ = writeln!(
        text,
        "{}. {}, {} build. A step is forward, backward, clipping and AdamW on {rows}×{columns} tokens, of a random checkpoint of \
         ruGPT3Small's shape (12×768, 50,264 rows), without dropout; LoRA is of rank 8 on `c_attn`. {threads} threads. Medians of \
         {rounds} interleaved steps, (lowest–highest) beside them; a ratio is of the two steps of one round. Everybody is a process of \
         its own that stands still unless it is its turn.\n",
        OffsetDateTime::now_utc().date(),
        machine::describe(),
        if cfg!(debug_assertions) { "development" } else { "release" },
    );
    text += "| contender | tok/s | times PyTorch full f32 | peak MiB | loss of the first and last step | others used % |\n|---|---|---|---|---|---|\n";
    let reference = results.iter().find(|record| record.contender.name == REFERENCE);
    results.iter().for_each(|record| text += &line(record, reference));
    let Agreement { checkpoint_there, adapter_there, checkpoint_here, adapter_here } = agreement;
    let _ = writeln!(
        text,
        "\nWhat one side trained and the other loaded, greatest difference of logits: our checkpoint in transformers \
         {checkpoint_there:.1e}, our adapter in PEFT {adapter_there:.1e}, theirs here {checkpoint_here:.1e} and {adapter_here:.1e}.\n"
    );
    results.iter().for_each(|record| {
        let _ = writeln!(text, "- {}: {}", record.contender.name, record.about);
    });
    text
}

fn line(record: &Record, reference: Option<&Record>) -> String {
    let tokens = (BATCH.0 * BATCH.1) as f64;
    let rates = Figure::of(record.answers.iter().map(|answer| tokens / answer.seconds).collect());
    let ratios = reference.and_then(|reference| {
        let both = record.answers.iter().zip(&reference.answers);
        Figure::of(both.map(|(own, other)| other.seconds / own.seconds).collect())
    });
    let peak = record.answers.iter().map(|answer| answer.peak_memory).fold(0.0, f64::max);
    let loss = |answer: Option<&crate::child::Answer>| answer.map_or(f64::NAN, |answer| answer.loss);
    format!(
        "| {} | {} | {} | {peak:.0} | {:.4}, {:.4} | {} |\n",
        record.contender.name,
        Figure::show(rates, 0),
        Figure::show(ratios, 2),
        loss(record.answers.first()),
        loss(record.answers.last()),
        Figure::show(Figure::of(record.foreign.iter().map(|share| 100.0 * share).collect()), 0),
    )
}

/// Puts the section between its marks; at the end, where the document has none yet.
pub(crate) fn write(document: &Path, section: &str) -> Result<(), Failure> {
    let text = std::fs::read_to_string(document).map_err(|error| format!("{}: {error}", document.display()))?;
    let (before, after) = match (text.find(MARKS.0), text.find(MARKS.1)) {
        (Some(begin), Some(end)) => (&text[..begin], &text[end + MARKS.1.len()..]),
        _ => (text.as_str(), "\n"),
    };
    let written = format!("{}\n\n{}\n{}\n{}{after}", before.trim_end(), MARKS.0, section.trim_end(), MARKS.1);
    Ok(std::fs::write(document, written)?)
}
