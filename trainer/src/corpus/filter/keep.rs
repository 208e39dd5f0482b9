//! Which scores stay: above a quantile of all, or up to a limit. Knows numbers only.

use serde::{Deserialize, Serialize};

/// Which dialogues stay.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// All of them: they are only scored.
    All,
    /// Those with scores above this quantile of all, 0 to 1: 0.75 keeps the most toxic quarter.
    AboveQuantile(f64),
    /// All but those with scores above this, 0 to 1.
    DropAbove(f64),
}

/// A quantile or a score that is none.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{what} is {value}; expected a number from 0 to 1")]
pub struct InvalidKeep {
    /// The option's name.
    pub what: &'static str,
    /// What was asked for.
    pub value: f64,
}

/// What is kept of certain scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rule {
    All,
    Above(f64),
    UpTo(f64),
}

impl Keep {
    /// Checks the number.
    ///
    /// # Errors
    /// It is not between 0 and 1.
    pub fn check(self) -> Result<(), InvalidKeep> {
        match self {
            Self::AboveQuantile(value) if !(0.0..=1.0).contains(&value) => {
                Err(InvalidKeep { what: "the quantile to keep above", value })
            }
            Self::DropAbove(value) if !(0.0..=1.0).contains(&value) => {
                Err(InvalidKeep { what: "the score to drop above", value })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn rule(self, scores: &[f32]) -> Rule {
        match self {
            Self::All => Rule::All,
            Self::AboveQuantile(quantile) => Rule::Above(self::quantile(scores, quantile)),
            Self::DropAbove(limit) => Rule::UpTo(limit),
        }
    }
}

impl Rule {
    pub(super) fn keeps(self, score: f32) -> bool {
        match self {
            Self::All => true,
            Self::Above(cut) => f64::from(score) > cut,
            Self::UpTo(cut) => f64::from(score) <= cut,
        }
    }

    pub(super) fn cut(self) -> Option<f64> {
        match self {
            Self::All => None,
            Self::Above(cut) | Self::UpTo(cut) => Some(cut),
        }
    }
}

/// The quantile as pandas and NumPy count it by default: between two values it is interpolated. 0 of nothing.
fn quantile(scores: &[f32], quantile: f64) -> f64 {
    let mut sorted = scores.to_vec();
    sorted.sort_by(f32::total_cmp);
    let place = quantile * (sorted.len().saturating_sub(1)) as f64;
    let (below, above) = (sorted.get(place.floor() as usize), sorted.get(place.ceil() as usize));
    match (below, above) {
        (Some(below), Some(above)) => {
            let (below, above) = (f64::from(*below), f64::from(*above));
            below + (above - below) * place.fract()
        }
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_that_of_numpy() {
        // numpy.quantile([3, 1, 2, 10], q)
        let scores = [3.0, 1.0, 2.0, 10.0];
        for (q, expected) in [(0.0, 1.0), (0.25, 1.75), (0.5, 2.5), (0.75, 4.75), (1.0, 10.0)] {
            assert_eq!(quantile(&scores, q), expected);
        }
        assert_eq!(quantile(&[], 0.5), 0.0);
    }

    #[test]
    fn the_most_toxic_quarter_is_as_large_as_that_of_the_2ch_bot() {
        let scores: Vec<f32> = (0..22_492).map(|number| number as f32).collect();
        let rule = Keep::AboveQuantile(0.75).rule(&scores);
        assert_eq!(scores.iter().filter(|score| rule.keeps(**score)).count(), 5_623);
    }

    #[test]
    fn a_limit_belongs_to_what_stays() {
        let rule = Keep::DropAbove(0.5).rule(&[]);
        assert!(rule.keeps(0.5) && rule.keeps(0.1) && !rule.keeps(0.500_001));
        assert!(Keep::All.rule(&[]).keeps(1.0));
    }

    #[test]
    fn nonsense_is_refused() {
        for keep in [Keep::AboveQuantile(1.5), Keep::AboveQuantile(f64::NAN), Keep::DropAbove(-0.1)] {
            assert!(keep.check().unwrap_err().to_string().contains("expected a number from 0 to 1"));
        }
        assert_eq!(Keep::AboveQuantile(0.75).check(), Ok(()));
    }
}
