//! The held-out text of the small Russian model, and how well a model foretells it when each token is given the true
//! ones before it.

use std::path::Path;

use maskarad_engine::Tokenizer;
use rayon::prelude::*;

/// Tokens that a model sees at once.
pub(super) const BLOCK: usize = 256;

/// What a model says of the text, beside a reference.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Score {
    positions: usize,
    /// Sum of the negative log-likelihoods.
    loss: f64,
    /// Positions whose likeliest token is the reference's.
    agreeing: usize,
    /// Sum of the Kullback–Leibler divergences of the reference's distributions from the model's.
    divergence: f64,
}

impl Score {
    pub(super) fn perplexity(&self) -> f64 {
        (self.loss / self.positions as f64).exp()
    }

    /// Share of positions whose likeliest token is the reference's, of 100.
    pub(super) fn agreement(&self) -> f64 {
        100.0 * self.agreeing as f64 / self.positions as f64
    }

    /// Relative change of the perplexity from that of `other`.
    pub(super) fn gap(&self, other: &Self) -> f64 {
        self.perplexity() / other.perplexity() - 1.0
    }

    pub(super) fn divergence(&self) -> f64 {
        self.divergence / self.positions as f64
    }

    /// Adds a block: the distributions of its positions by the reference, and the model's logits.
    pub(super) fn add(&mut self, block: &[u32], reference: &[Distribution], model: &[Vec<f32>]) {
        assert_eq!((block.len(), block.len()), (reference.len(), model.len()));
        let positions = reference.par_iter().zip(model).zip(&block[1..]);
        let scores = positions.map(|((reference, logits), next)| {
            let model = Distribution::new(logits);
            Self {
                positions: 1,
                loss: -model.log(*next as usize),
                agreeing: usize::from(reference.likeliest == model.likeliest),
                divergence: reference.divergence(&model),
            }
        });
        *self = self.join(scores.reduce(Self::default, Self::join));
    }

    fn join(self, other: Self) -> Self {
        Self {
            positions: self.positions + other.positions,
            loss: self.loss + other.loss,
            agreeing: self.agreeing + other.agreeing,
            divergence: self.divergence + other.divergence,
        }
    }
}

/// Probabilities of all tokens in one position.
pub(super) struct Distribution {
    /// Less the greatest of them.
    logits: Vec<f32>,
    /// Their exponentials.
    weights: Vec<f32>,
    /// Sum of the weights.
    total: f64,
    likeliest: usize,
}

impl Distribution {
    pub(super) fn new(logits: &[f32]) -> Self {
        let likeliest = (0..logits.len()).fold(0, |best, id| if logits[id] > logits[best] { id } else { best });
        let logits: Vec<f32> = logits.iter().map(|logit| logit - logits[likeliest]).collect();
        let weights: Vec<f32> = logits.iter().map(|logit| logit.exp()).collect();
        let total = weights.iter().map(|weight| f64::from(*weight)).sum();
        Self { logits, weights, total, likeliest }
    }

    pub(super) fn of_block(logits: &[Vec<f32>]) -> Vec<Self> {
        logits.par_iter().map(|logits| Self::new(logits)).collect()
    }

    fn log(&self, id: usize) -> f64 {
        f64::from(self.logits[id]) - self.total.ln()
    }

    /// The Kullback–Leibler divergence of this distribution from `other`.
    fn divergence(&self, other: &Self) -> f64 {
        let differences = self.logits.iter().zip(&other.logits).map(|(a, b)| f64::from(a - b));
        let sum: f64 = self.weights.iter().zip(differences).map(|(weight, by)| f64::from(*weight) * by).sum();
        sum / self.total - self.total.ln() + other.total.ln()
    }
}

/// All dialogues in the format that `golden.json` describes, one after another.
pub(super) fn ids(folder: &Path, tokenizer: &Tokenizer) -> Vec<u32> {
    let text = std::fs::read_to_string(folder.join("heldout.jsonl")).unwrap();
    let mut ids = Vec::new();
    for line in text.lines() {
        let dialogue: serde_json::Value = serde_json::from_str(line).unwrap();
        let turns = dialogue["dialogue"].as_array().unwrap();
        let speakers = ["@@ПЕРВЫЙ@@", "@@ВТОРОЙ@@"].iter().cycle();
        let turns: Vec<String> =
            speakers.zip(turns).map(|(speaker, turn)| format!("{speaker} {}", turn.as_str().unwrap())).collect();
        ids.extend(tokenizer.encode(&(turns.join(" ") + "</s>")).unwrap());
    }
    ids
}
