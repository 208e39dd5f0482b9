//! What a crowd's answers come to: rates, waits, fairness.

use crate::crowd::{Exchange, Watched};

/// The waits of a crowd, in seconds, and how evenly the answers were spread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// Answers.
    pub(crate) replies: usize,
    /// Answers a second.
    pub(crate) rate: f64,
    /// Half of the waits were shorter.
    pub(crate) p50: f64,
    /// 95 of 100.
    pub(crate) p95: f64,
    /// 99 of 100.
    pub(crate) p99: f64,
    /// The longest.
    pub(crate) longest: f64,
    /// The answers of the chat that got fewest, as a share of what a chat got on average.
    pub(crate) share: f64,
}

impl Figures {
    /// The figures of a crowd of so many chats.
    pub(crate) fn of(watched: &Watched, chats: usize) -> Self {
        let mut waits: Vec<f64> = watched.exchanges.iter().map(Exchange::wait).collect();
        waits.sort_by(f64::total_cmp);
        let mut counts = vec![0_usize; chats];
        watched.exchanges.iter().for_each(|exchange| counts[exchange.chat] += 1);
        let fewest = counts.into_iter().min().unwrap_or_default();
        Self {
            replies: waits.len(),
            rate: waits.len() as f64 / watched.seconds,
            p50: quantile(&waits, 0.5),
            p95: quantile(&waits, 0.95),
            p99: quantile(&waits, 0.99),
            longest: watched.longest,
            share: fewest as f64 * chats as f64 / waits.len() as f64,
        }
    }
}

/// The smallest value that at least this share of all don't exceed; `sorted` isn't empty.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

/// The value in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    quantile(&values, 0.5)
}
