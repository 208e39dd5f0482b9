//! Attention of one head, and how its past is written.

use half::f16;
use proptest::prelude::*;

use super::super::*;
use super::{assert_near, floats, sets};

/// A head: D, tokens, the last so many of which are looked at from, and all queries, keys and values (tokens, D).
#[derive(Debug, Clone)]
struct Sight {
    dim: usize,
    tokens: usize,
    rows: usize,
    numbers: [Vec<f32>; 3],
}

fn sight() -> impl Strategy<Value = Sight> {
    (1usize..150, 1usize..90, 1usize..12).prop_flat_map(|(dim, tokens, rows)| {
        let all = || floats(dim * tokens);
        (all(), all(), all()).prop_map(move |(q, k, v)| Sight {
            dim,
            tokens,
            rows: rows.min(tokens),
            numbers: [q, k, v],
        })
    })
}

impl Sight {
    fn attend(&self, kernels: Kernels, rows: std::ops::Range<usize>) -> Vec<f32> {
        let Self { dim, tokens, numbers: [queries, keys, values], .. } = self;
        let room = tokens.next_multiple_of(TILE);
        let mut own_keys = vec![[f16::ZERO; TILE]; room / TILE * dim];
        let mut own_values = vec![[f16::ZERO; TILE]; room * dim.div_ceil(TILE)];
        let mut past = Past { keys: &mut own_keys, values: &mut own_values };
        for (at, (key, value)) in keys.chunks(*dim).zip(values.chunks(*dim)).enumerate() {
            kernels.remember(&mut past, at, key, value);
        }
        let mut out = vec![9.0; rows.len() * dim];
        let head = Head {
            queries: &queries[rows.start * dim..rows.end * dim],
            dim: *dim,
            scale: 0.125,
            keys: &own_keys,
            values: &own_values,
            visible: rows.start + 1,
            out: &mut out,
        };
        kernels.attend(head, &mut Scratch::default());
        out
    }

    fn exact(&self, row: usize) -> Vec<f64> {
        let half = |value: &f32| f64::from(f16::from_f32(*value).to_f32());
        let [queries, keys, values] = &self.numbers;
        let query = &queries[row * self.dim..][..self.dim];
        let score = |key: &[f32]| query.iter().zip(key).map(|(q, k)| f64::from(*q) * half(k)).sum::<f64>() * 0.125;
        let scores: Vec<f64> = keys.chunks(self.dim).take(row + 1).map(score).collect();
        let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = scores.iter().map(|score| (score - top).exp()).collect();
        let total: f64 = weights.iter().sum();
        let column = |at: usize| {
            let values = values.chunks(self.dim).map(|value| half(&value[at]));
            values.zip(&weights).map(|(v, w)| v * w).sum::<f64>() / total
        };
        (0..self.dim).map(column).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn attention_equals_its_formula_in_any_company(sight in sight()) {
        let rows = sight.tokens - sight.rows..sight.tokens;
        let exact: Vec<f64> = rows.clone().flat_map(|row| sight.exact(row)).collect();
        for kernels in sets() {
            let together = sight.attend(kernels, rows.clone());
            assert_near(&together, &exact, 1e-4);
            let alone: Vec<f32> = rows.clone().flat_map(|row| sight.attend(kernels, row..row + 1)).collect();
            prop_assert_eq!(alone, together);
        }
    }
}

#[test]
fn keys_beyond_f16_are_its_greatest() {
    for kernels in sets() {
        let (mut keys, mut values) = ([[f16::ZERO; TILE]; 2], [[f16::ZERO; TILE]; 16]);
        let mut past = Past { keys: &mut keys, values: &mut values };
        kernels.remember(&mut past, 3, &[1e9, -1e9], &[2.0, -1e30]);
        assert_eq!((keys[0][3], keys[1][3]), (f16::MAX, f16::MIN));
        assert_eq!((values[3][0], values[3][1], values[3][2]), (f16::from_f32(2.0), f16::MIN, f16::ZERO));
    }
}
