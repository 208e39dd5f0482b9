//! Which dialogues are held out. Decided by what is said in them, so that copies of a dialogue never stand on both sides.

use crate::corpus::record::Dialogue;

/// Holds out a share of dialogues.
#[derive(Debug, Clone, Copy)]
pub struct Split {
    share: f64,
    seed: u64,
}

impl Split {
    /// Holds out `share` of all, 0 to 1; another seed holds out others.
    #[must_use]
    pub fn new(share: f64, seed: u64) -> Self {
        Self { share, seed }
    }

    /// Whether a dialogue is held out.
    #[must_use]
    pub fn holds_out(&self, dialogue: &Dialogue) -> bool {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.seed.to_le_bytes());
        for turn in &dialogue.turns {
            hasher.update(turn.text.trim().as_bytes());
            hasher.update(&[0]);
        }
        let mut first = [0; 8];
        hasher.finalize_xof().fill(&mut first);
        // 53 bits, so that the fraction is exact.
        let fraction = (u64::from_le_bytes(first) >> 11) as f64 / (1u64 << 53) as f64;
        fraction < self.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::record::{Author, Turn};

    fn dialogue(author: &str, text: &str) -> Dialogue {
        let author = Author { id: author.to_owned(), name: None };
        let turn = Turn { author, time: None, text: text.to_owned(), context: false };
        Dialogue { source: String::new(), turns: vec![turn], toxicity: None }
    }

    #[test]
    fn about_the_share_is_held_out_and_copies_go_together() {
        let split = Split::new(0.05, 7);
        let held =
            |seed| (0..10_000).filter(|n| Split::new(0.05, seed).holds_out(&dialogue("a", &n.to_string()))).count();
        assert!((400..600).contains(&held(7)) && (400..600).contains(&held(8)));
        for n in 0..1000 {
            let n = n.to_string();
            assert_eq!(split.holds_out(&dialogue("a", &n)), split.holds_out(&dialogue("b", &n)));
        }
        assert!((0..100).all(|n| !Split::new(0.0, 1).holds_out(&dialogue("a", &n.to_string()))));
    }
}
