//! The learning rate of each step, by the formulas of transformers' `optimization.py`. Knows nothing else of a run.

use super::options::{Scheduler, TrainOptions};

/// A schedule for a known number of steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    kind: Scheduler,
    highest: f64,
    warmup: u64,
    total: u64,
}

impl Schedule {
    /// The schedule of a run with `total` steps.
    #[must_use]
    pub fn new(options: &TrainOptions, total: u64) -> Self {
        let warmup = match options.warmup_steps {
            0 => (total as f64 * options.warmup_ratio).ceil() as u64,
            steps => steps,
        };
        Self { kind: options.lr_scheduler_type, highest: options.learning_rate, warmup, total }
    }

    /// The learning rate of the step that `done` others went before.
    #[must_use]
    pub fn learning_rate(&self, done: u64) -> f64 {
        if done < self.warmup {
            return self.highest * done as f64 / self.warmup as f64;
        }
        let after_warmup = self.total.saturating_sub(self.warmup).max(1) as f64;
        let progress = (done - self.warmup) as f64 / after_warmup;
        let share = match self.kind {
            Scheduler::Constant => 1.0,
            Scheduler::Linear => (1.0 - progress).max(0.0),
            Scheduler::Cosine => (0.5 * (1.0 + (std::f64::consts::PI * progress).cos())).max(0.0),
        };
        self.highest * share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(kind: Scheduler) -> Vec<f64> {
        let options =
            TrainOptions { learning_rate: 10.0, lr_scheduler_type: kind, warmup_steps: 2, ..TrainOptions::default() };
        let schedule = Schedule::new(&options, 10);
        (0..10).map(|done| schedule.learning_rate(done)).collect()
    }

    fn assert_close(rates: &[f64], expected: &[f64]) {
        assert!(rates.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-3), "{rates:?}");
    }

    /// The numbers are those of transformers' own tests (`tests/optimization/test_optimization.py`).
    #[test]
    fn rates_are_those_of_transformers() {
        assert_close(&rates(Scheduler::Linear), &[0.0, 5.0, 10.0, 8.75, 7.5, 6.25, 5.0, 3.75, 2.5, 1.25]);
        assert_close(&rates(Scheduler::Cosine), &[0.0, 5.0, 10.0, 9.619, 8.535, 6.913, 5.0, 3.086, 1.464, 0.380]);
        assert_close(&rates(Scheduler::Constant), &[0.0, 5.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0]);
    }

    #[test]
    fn a_share_of_warm_up_is_rounded_up() {
        let options = TrainOptions { learning_rate: 1.0, warmup_ratio: 0.11, ..TrainOptions::default() };
        let schedule = Schedule::new(&options, 10);
        assert_eq!([0, 1, 2].map(|done| schedule.learning_rate(done)), [0.0, 0.5, 1.0]);
    }
}
