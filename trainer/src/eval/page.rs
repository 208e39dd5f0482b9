//! A report as one HTML page that needs nothing else. Knows how to show figures, not how they come about.

use maud::{Markup, html};

use super::perplexity::Score;
use super::{Copying, Likeness, Report};
use crate::report::number;

/// The most replies that are shown.
const SHOWN: usize = 40;

/// The page of a report.
#[must_use]
pub fn page(name: &str, report: &Report) -> String {
    let Report { dialogues, block, replies, .. } = report;
    let text = format!("all text, run_clm.py, blocks of {block}");
    let body = html! {
        p { "Measured on " (dialogues) " held-out dialogues and " (replies.len()) " generated replies." }
        h2 { "Perplexity" }
        table {
            tr { th {} th { "persona" } th { "base" } th { "ratio" } th { "accuracy" } th { "of base" } }
            (scores("answers only", report.answers, report.base_answers))
            @if let (Some(own), Some(base)) = (report.text, report.base_text) { (scores(&text, own, base)) }
        }
        h2 { "Replies beside people's answers" }
        (beside(report))
        @if let Some(copying) = &report.overlap { (copied(copying)) }
        @if let Some(likeness) = &report.likeness { (resembles(likeness)) }
        h2 { "Samples" }
        (samples(report))
    };
    crate::report::page(name, &body)
}

fn scores(what: &str, own: Score, base: Score) -> Markup {
    html! {
        tr {
            td { (what) }
            (number(own.perplexity, 2)) (number(base.perplexity, 2)) (number(own.perplexity / base.perplexity, 3))
            (number(own.accuracy, 3)) (number(base.accuracy, 3))
        }
    }
}

fn beside(report: &Report) -> Markup {
    let (own, human, lengths) = (report.diversity, report.human_diversity, report.lengths);
    let rows = [
        ("distinct-1", own.distinct_1, human.distinct_1),
        ("distinct-2", own.distinct_2, human.distinct_2),
        ("pairs of words repeated within a reply", own.repetition, human.repetition),
        ("replies that were there before", own.repeated_texts, human.repeated_texts),
        ("words, mean", lengths.generated.mean, lengths.human.mean),
        ("words, median", lengths.generated.median, lengths.human.median),
    ];
    html! {
        table {
            tr { th {} th { "replies" } th { "answers" } }
            @for (what, own, human) in rows { tr { td { (what) } (number(own, 3)) (number(human, 3)) } }
        }
        p.note { "Distance of lengths (Kolmogorov–Smirnov, 0 is the same): " (format!("{:.3}", lengths.distance)) }
    }
}

fn copied(copying: &Copying) -> Markup {
    let Copying { generated, human } = copying;
    let rows = [
        ("stand whole in the training corpus", generated.copies, human.copies),
        ("of them with four words or more", generated.long_copies, human.long_copies),
        ("longest copied run, words, mean", generated.mean_span, human.mean_span),
    ];
    html! {
        h2 { "Copied from the training corpus" }
        table {
            tr { th {} th { "replies" } th { "answers" } }
            @for (what, own, human) in rows { tr { td { (what) } (number(own, 3)) (number(human, 3)) } }
        }
        ol { @for span in &generated.longest { li { (span.text) " " span.note { (span.words) " words" } } } }
    }
}

fn resembles(likeness: &Likeness) -> Markup {
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    html! {
        h2 { "Likeness" }
        p { (percent(likeness.generated)) " of the replies are given to the persona by a classifier of people's lines." }
        p.note {
            "It is a logistic regression over hashed runs of 2 to 4 characters, trained on lines by people only. Of "
            (likeness.humans.lines) " lines held out it gives " (percent(likeness.humans.own)) " of the persona's to the persona and "
            (percent(likeness.humans.others)) " of others' to others."
        }
    }
}

fn samples(report: &Report) -> Markup {
    let step = report.replies.len().div_ceil(SHOWN).max(1);
    html! {
        table {
            tr { th { "said before" } th { "a person" } th { "the persona" } }
            @for reply in report.replies.iter().step_by(step) {
                tr { td.context { (reply.context) } td { (reply.human) } td { (reply.generated) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::tests::report;

    #[test]
    fn the_page_shows_figures_and_needs_nothing_else() {
        let page = page("Автобус <1>", &report());
        for shown in ["Автобус &lt;1&gt;", "40.00", "0.667", "ну &lt;да&gt;", "80.0 %", "и &lt;b&gt;ещё&lt;/b&gt;"]
        {
            assert!(page.contains(shown), "{shown}");
        }
        for outside in ["http", "src=", "@import", "url(", "<b>"] {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}
