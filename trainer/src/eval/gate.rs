//! Whether a persona is worse than the one it would replace, and by what. Knows two reports; measures nothing.

use std::fmt;

use serde::Serialize;

use super::Report;

/// The perplexity of answers may rise by this share.
const PERPLEXITY: f64 = 0.02;
/// distinct-1 and distinct-2 may fall by this share.
const DISTINCT: f64 = 0.10;
/// Shares of replies, and distances, may get worse by so much: with 200 replies, half of this is chance.
const SHARE: f64 = 0.05;
/// Long copies of training lines may rise by so much.
const COPIES: f64 = 0.02;

/// Something that got worse by more than is tolerated.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Worse {
    /// What.
    pub what: &'static str,
    /// What it is now.
    pub now: f64,
    /// What it was.
    pub before: f64,
    /// The worst that is tolerated.
    pub tolerated: f64,
}

impl fmt::Display for Worse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, now, before, tolerated } = self;
        let side = if tolerated > before { "at most" } else { "at least" };
        write!(formatter, "{what} is {now:.4}, was {before:.4}; {tolerated:.4} {side} is tolerated")
    }
}

/// The reports can't be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the baseline was measured {0}; measure it again in the same way")]
pub struct Incomparable(pub &'static str);

/// What of `now` is worse than in `before`. What only one of them has is not compared.
///
/// | what | tolerated |
/// |---|---|
/// | perplexity of answers | 2 % more |
/// | distinct-1, distinct-2 | 10 % less |
/// | repetition, repeated replies, distance of lengths | 0.05 more |
/// | replies given to the persona | 0.05 less |
/// | long copies of training lines | 0.02 more |
///
/// # Errors
/// They were measured on different lines, or with different numbers of replies.
pub fn compare(now: &Report, before: &Report) -> Result<Vec<Worse>, Incomparable> {
    if now.corpus != before.corpus {
        return Err(Incomparable("on other held-out lines"));
    }
    if now.replies.len() != before.replies.len() {
        return Err(Incomparable("with another number of replies"));
    }
    let mut checks = vec![
        risen(
            "perplexity of answers",
            now.answers.perplexity,
            before.answers.perplexity,
            before.answers.perplexity * PERPLEXITY,
        ),
        fallen(
            "distinct-1",
            now.diversity.distinct_1,
            before.diversity.distinct_1,
            before.diversity.distinct_1 * DISTINCT,
        ),
        fallen(
            "distinct-2",
            now.diversity.distinct_2,
            before.diversity.distinct_2,
            before.diversity.distinct_2 * DISTINCT,
        ),
        risen("repetition", now.diversity.repetition, before.diversity.repetition, SHARE),
        risen("share of repeated replies", now.diversity.repeated_texts, before.diversity.repeated_texts, SHARE),
        risen("distance of lengths", now.lengths.distance, before.lengths.distance, SHARE),
    ];
    if let (Some(now), Some(before)) = (&now.overlap, &before.overlap) {
        checks.push(risen("share of long copies", now.generated.long_copies, before.generated.long_copies, COPIES));
    }
    if let (Some(now), Some(before)) = (&now.likeness, &before.likeness) {
        checks.push(fallen("share of replies given to the persona", now.generated, before.generated, SHARE));
    }
    Ok(checks.into_iter().flatten().collect())
}

fn risen(what: &'static str, now: f64, before: f64, by: f64) -> Option<Worse> {
    // What is no number is worse than anything.
    (now.is_nan() || now > before + by).then_some(Worse { what, now, before, tolerated: before + by })
}

fn fallen(what: &'static str, now: f64, before: f64, by: f64) -> Option<Worse> {
    (now.is_nan() || now < before - by).then_some(Worse { what, now, before, tolerated: before - by })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::tests::report;

    #[test]
    fn a_report_is_no_worse_than_itself() {
        assert_eq!(compare(&report(), &report()), Ok(Vec::new()));
    }

    #[test]
    fn each_thing_that_got_worse_is_named() {
        let worse = |change: fn(&mut Report)| {
            let mut now = report();
            change(&mut now);
            compare(&now, &report()).unwrap().iter().map(|worse| worse.what).collect::<Vec<_>>()
        };
        assert_eq!(worse(|r| r.answers.perplexity *= 1.019), Vec::<&str>::new());
        assert_eq!(worse(|r| r.answers.perplexity *= 1.021), ["perplexity of answers"]);
        assert_eq!(worse(|r| r.answers.perplexity = f64::NAN), ["perplexity of answers"]);
        assert_eq!(worse(|r| r.diversity.distinct_2 *= 0.8), ["distinct-2"]);
        assert_eq!(worse(|r| r.diversity.repetition += 0.06), ["repetition"]);
        assert_eq!(worse(|r| r.lengths.distance += 0.06), ["distance of lengths"]);
        assert_eq!(worse(|r| r.overlap.as_mut().unwrap().generated.long_copies += 0.03), ["share of long copies"]);
        assert_eq!(
            worse(|r| r.likeness.as_mut().unwrap().generated -= 0.06),
            ["share of replies given to the persona"]
        );
        assert_eq!(worse(|r| r.likeness = None), Vec::<&str>::new());
    }

    #[test]
    fn other_lines_are_not_compared() {
        let mut other = report();
        other.corpus = "другой".to_owned();
        assert!(compare(&report(), &other).unwrap_err().to_string().contains("on other held-out lines"));
    }

    #[test]
    fn a_verdict_reads_well() {
        let worse = Worse { what: "repetition", now: 0.3, before: 0.1, tolerated: 0.15 };
        assert_eq!(worse.to_string(), "repetition is 0.3000, was 0.1000; 0.1500 at most is tolerated");
    }
}
