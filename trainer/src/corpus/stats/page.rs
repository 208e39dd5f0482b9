//! The figures of a corpus as one HTML page.

use maud::{Markup, html};

use super::{Histogram, Stats, Tally};
use crate::report::{self, plot};

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The page of a corpus of this name. Shows texts of some dialogues.
#[must_use]
pub fn page(name: &str, stats: &Stats) -> String {
    let body = html! {
        p {
            (stats.dialogues) " dialogues, " (stats.learned) " messages to learn from, " (stats.characters) " characters"
            @if let Some(tokens) = stats.tokens { ", " (tokens) " tokens" }
            "."
        }
        @if let (Some(first), Some(last)) = (stats.first, stats.last) {
            p { "From " (first.date()) " to " (last.date()) "." }
        }
        h2 { "Who speaks" } (tally(&stats.authors))
        h2 { "Lengths in characters" } (histogram("lengths in characters", &stats.lengths))
        @if let Some(lengths) = &stats.token_lengths { h2 { "Lengths in tokens" } (histogram("lengths in tokens", lengths)) }
        h2 { "Turns of a dialogue" } (histogram("turns of a dialogue", &stats.depths))
        @if !stats.hours.is_empty() {
            h2 { "Hours of the day" } (plot::bars("hours", &labelled(&stats.hours, |hour| hour.to_string())))
            h2 { "Days of the week" } (plot::bars("days", &labelled(&stats.weekdays, |day| DAYS[day % 7].to_owned())))
        }
        @if !stats.toxicity.is_empty() {
            h2 { "Toxicity of answers" }
            (plot::bars("toxicity", &labelled(&stats.toxicity, |class| format!("{:.2}", class as f64 / 20.0))))
        }
        h2 { "Sources" } (tally(&stats.sources))
        h2 { "Samples" } (samples(stats))
    };
    report::page(name, &body)
}

fn labelled(counts: &[u64], label: impl Fn(usize) -> String) -> Vec<(String, u64)> {
    counts.iter().enumerate().map(|(at, count)| (label(at), *count)).collect()
}

fn histogram(title: &str, histogram: &Histogram) -> Markup {
    html! {
        (plot::bars(title, &histogram.classes()))
        p.note { "Mean " (format!("{:.1}", histogram.mean())) ", at most " (histogram.most) "." }
    }
}

fn tally(tally: &Tally) -> Markup {
    html! {
        table {
            @for (name, count) in tally.top() { tr { td { (name) } td.number { (count) } } }
            @if tally.rest() > 0 { tr { td.note { "all others" } td.number { (tally.rest()) } } }
        }
    }
}

fn samples(stats: &Stats) -> Markup {
    html! {
        table {
            @for dialogue in &stats.samples {
                tr { td {
                    @for turn in &dialogue.turns {
                        div.context[turn.context] {
                            b { (turn.author.name.as_deref().unwrap_or(&turn.author.id)) ": " } (turn.text)
                        }
                    }
                } }
            }
        }
    }
}
