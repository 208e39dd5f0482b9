//! The loops over plain slices that candle has no fast operation for: attention of one head, and GELU.
//! Chooses the instruction set at run time, in this file alone; knows no tensors, models or threads.

mod scalar;
pub(crate) mod tiles;
#[cfg(target_arch = "x86_64")]
mod x86_64;

pub(crate) use scalar::Head;

/// Attention of one query over a head's past: `out = softmax(scale · query · keysᵀ) · values`.
///
/// `scores` is working space that is kept between calls.
pub(crate) fn attend(head: &Head<'_>, scores: &mut Vec<f32>, out: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if x86_64::is_available() {
        return x86_64::attend(head, scores, out);
    }
    scalar::attend::<false>(head, scores, out);
}

/// Product of a matrix and a vector: `out[n] = rows[n] · x`, with `rows` (N, K), `x` (K), `out` (N).
pub(crate) fn multiply(rows: &[f32], x: &[f32], out: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if x86_64::is_available() {
        return x86_64::multiply(rows, x, out);
    }
    scalar::multiply::<false>(rows, x, out);
}

/// GELU by its tanh approximation (Hendrycks and Gimpel, 2016), in place.
pub(crate) fn gelu_tanh(values: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if x86_64::is_available() {
        return x86_64::gelu_tanh(values);
    }
    scalar::gelu_tanh::<false>(values);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The formulas in f64, as the papers have them.
    fn gelu_by_tanh(x: f64) -> f64 {
        0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3))).tanh())
    }

    fn attend_in_f64(head: &Head<'_>, dim: usize) -> Vec<f64> {
        let dot = |key: &[f32]| head.query.iter().zip(key).map(|(q, k)| f64::from(*q) * f64::from(*k)).sum::<f64>();
        let scores: Vec<f64> = head.keys.chunks(dim).map(|key| dot(key) * f64::from(head.scale)).collect();
        let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = scores.iter().map(|score| (score - top).exp()).collect();
        let total: f64 = weights.iter().sum();
        let column = |at: usize| head.values.chunks(dim).zip(&weights).map(|(v, w)| f64::from(v[at]) * w).sum::<f64>();
        (0..dim).map(|at| column(at) / total).collect()
    }

    fn floats(count: usize) -> impl Strategy<Value = Vec<f32>> {
        proptest::collection::vec(-8.0f32..8.0, count)
    }

    fn a_head() -> impl Strategy<Value = (usize, Vec<f32>, Vec<f32>, Vec<f32>)> {
        (1usize..70, 1usize..40)
            .prop_flat_map(|(dim, past)| (Just(dim), floats(dim), floats(dim * past), floats(dim * past)))
    }

    proptest! {
        #[test]
        fn products_equal_their_formula((dim, x, rows, _) in a_head()) {
            let (mut fast, mut plain) = (vec![1.0; rows.len() / dim], vec![2.0; rows.len() / dim]);
            multiply(&rows, &x, &mut fast);
            scalar::multiply::<false>(&rows, &x, &mut plain);
            for ((row, fast), plain) in rows.chunks(dim).zip(fast).zip(plain) {
                let exact: f64 = row.iter().zip(&x).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                prop_assert!((f64::from(fast) - exact).abs() < 1e-2, "{fast} {exact}");
                prop_assert!((fast - plain).abs() < 1e-2, "{fast} {plain}");
            }
        }

        #[test]
        fn gelu_equals_its_formula(values in proptest::collection::vec(-40.0f32..40.0, 0..70)) {
            let (mut fast, mut plain) = (values.clone(), values.clone());
            gelu_tanh(&mut fast);
            scalar::gelu_tanh::<false>(&mut plain);
            for ((x, fast), plain) in values.iter().zip(fast).zip(plain) {
                let exact = gelu_by_tanh(f64::from(*x));
                prop_assert!((f64::from(fast) - exact).abs() < 2e-6 * exact.abs().max(1.0), "{x}: {fast} {exact}");
                prop_assert!((fast - plain).abs() < 2e-6 * plain.abs().max(1.0), "{x}: {fast} {plain}");
            }
        }

        #[test]
        fn attention_equals_its_formula((dim, query, keys, values) in a_head()) {
            let head = Head { query: &query, keys: &keys, values: &values, scale: 0.125 };
            let (mut fast, mut plain) = (vec![1.0; dim], vec![2.0; dim]);
            attend(&head, &mut Vec::new(), &mut fast);
            scalar::attend::<false>(&head, &mut vec![7.0; 3], &mut plain);
            for ((fast, plain), exact) in fast.iter().zip(plain).zip(attend_in_f64(&head, dim)) {
                prop_assert!((f64::from(*fast) - exact).abs() < 1e-4, "{fast} {exact}");
                prop_assert!((f64::from(plain) - exact).abs() < 1e-4, "{plain} {exact}");
            }
        }
    }

    #[test]
    fn gelu_of_extremes_is_finite_and_right() {
        let mut values = [f32::MAX, -1e30, 1e4, -1e4, 0.0, -88.0];
        gelu_tanh(&mut values);
        let expected = [f32::MAX, 0.0, 1e4, 0.0, 0.0, 0.0];
        assert!(values.iter().zip(expected).all(|(got, expected)| (got - expected).abs() < 1e-7), "{values:?}");
    }
}
