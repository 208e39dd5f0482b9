//! When further training is in vain: a number of evaluations without a better loss.

use super::checkpoint::{Best, State};

/// Takes note of an evaluation; returns whether it is the best so far.
pub fn note(state: &mut State, loss: f32) -> bool {
    let better = state.best.is_none_or(|best| loss < best.loss);
    if better {
        state.best = Some(Best { step: state.step, loss });
        state.worse = 0;
    } else {
        state.worse += 1;
    }
    better
}

/// Whether the patience is at its end; patience 0 has none.
#[must_use]
pub fn is_over(state: &State, patience: u64) -> bool {
    patience > 0 && state.worse >= patience
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_run_ends_when_nothing_was_better_for_so_long() {
        let mut state = State::default();
        let mut over = Vec::new();
        for (step, loss) in [3.0, 2.0, 2.5, 1.9, 1.9, 2.0, 1.95].into_iter().enumerate() {
            state.step = step as u64;
            note(&mut state, loss);
            over.push(is_over(&state, 3));
        }
        assert_eq!(over, [false, false, false, false, false, false, true]);
        assert_eq!(state.best, Some(Best { step: 3, loss: 1.9 }));
        assert!(!is_over(&state, 0));
    }
}
