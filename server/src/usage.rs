//! What a persona takes of the engine: how fast its latest replies came, and what they hold of memory; and what the process takes.
//! Kept beside the metrics, whose recorder is there only for those who ask for it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use maskarad_engine::Timings;

/// Replies that a persona's speed is told by.
const LATEST: usize = 32;

/// What one persona takes.
#[derive(Debug, Default)]
pub struct Usage {
    kv_bytes: AtomicUsize,
    latest: Mutex<VecDeque<Pace>>,
}

/// How fast a reply came, from its first token on.
#[derive(Clone, Copy, Debug)]
struct Pace {
    tokens: usize,
    milliseconds: f64,
}

impl Usage {
    /// A reply holds so many bytes of keys and values until what is returned is dropped.
    #[must_use]
    pub fn hold(&self, bytes: usize) -> Held<'_> {
        self.kv_bytes.fetch_add(bytes, Ordering::Relaxed);
        Held { usage: self, bytes }
    }

    /// Bytes of keys and values that the replies hold which have come to their first token.
    pub fn kv_bytes(&self) -> usize {
        self.kv_bytes.load(Ordering::Relaxed)
    }

    /// A generation has ended. One of a single token has no speed: there is no time between its tokens.
    pub fn generated(&self, timings: &Timings) {
        let between = Pace { tokens: timings.generated_tokens.saturating_sub(1), milliseconds: timings.generate_ms };
        if between.tokens == 0 || between.milliseconds <= 0.0 {
            return;
        }
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.len() == LATEST {
            latest.pop_front();
        }
        latest.push_back(between);
    }

    /// Tokens a second of its latest replies, as each of them came; `None` before the first.
    pub fn tokens_per_second(&self) -> Option<f64> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let tokens: usize = latest.iter().map(|pace| pace.tokens).sum();
        let seconds = latest.iter().map(|pace| pace.milliseconds).sum::<f64>() / 1e3;
        (seconds > 0.0).then(|| tokens as f64 / seconds)
    }
}

/// What this process takes of memory, where the system tells.
pub fn resident_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// Memory that a reply holds.
#[derive(Debug)]
pub struct Held<'a> {
    usage: &'a Usage,
    bytes: usize,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.usage.kv_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timings(generated_tokens: usize, generate_ms: f64) -> Timings {
        Timings { queue_ms: 500.0, prompt_ms: 500.0, generate_ms, prompt_tokens: 7, generated_tokens }
    }

    #[test]
    fn speed_is_that_between_tokens_of_the_latest_replies() {
        let usage = Usage::default();
        assert_eq!(usage.tokens_per_second(), None);
        usage.generated(&timings(1, 0.0));
        usage.generated(&timings(0, 3.0));
        assert_eq!(usage.tokens_per_second(), None, "there is nothing between the tokens of these");
        usage.generated(&timings(11, 100.0));
        assert_eq!(usage.tokens_per_second(), Some(100.0));
        usage.generated(&timings(31, 900.0));
        assert_eq!(usage.tokens_per_second(), Some(40.0));
        for _ in 0..LATEST {
            usage.generated(&timings(3, 250.0));
        }
        assert_eq!(usage.tokens_per_second(), Some(8.0), "what was long ago doesn't count");
    }

    #[test]
    fn memory_is_held_as_long_as_a_reply_is_made() {
        let usage = Usage::default();
        let first = usage.hold(100);
        let second = usage.hold(30);
        assert_eq!(usage.kv_bytes(), 130);
        drop(first);
        assert_eq!(usage.kv_bytes(), 30);
        drop(second);
        assert_eq!(usage.kv_bytes(), 0);
    }
}
