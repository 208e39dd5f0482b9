//! Layer norm and GELU.

use proptest::prelude::*;

use super::super::*;
use super::{assert_near, floats, sets};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn layer_norm_equals_its_formula(
        (width, rows, x, weight, bias) in (1usize..100, 1usize..5).prop_flat_map(|(width, rows)| {
            (Just(width), Just(rows), floats(width * rows), floats(width), floats(width))
        })
    ) {
        let stride = width.next_multiple_of(TILE);
        let padded = |values: &[f32]| { let mut all = values.to_vec(); all.resize(stride, 0.0); all };
        let mut panels = vec![[0.0; TILE]; stride / TILE * rows];
        for (row, x) in x.chunks(width).enumerate() {
            x.iter().enumerate().for_each(|(column, x)| panels[column / TILE * rows + row][column % TILE] = *x);
        }
        let (weights, biases) = (padded(&weight), padded(&bias));
        let norm = LayerNorm { weight: &weights, bias: &biases, width, epsilon: 1e-2 };
        for kernels in sets() {
            for (row, x) in x.chunks(width).enumerate() {
                let mut out = vec![7.0; stride];
                kernels.layer_norm(&norm, PanelRow { panels: &panels, rows, row }, &mut out);
                let wide = |x: &f32| f64::from(*x);
                let mean = x.iter().map(wide).sum::<f64>() / width as f64;
                let variance = x.iter().map(|x| (wide(x) - mean).powi(2)).sum::<f64>() / width as f64;
                let exact = x.iter().zip(weight.iter().zip(&bias));
                let exact = exact.map(|(x, (w, b))| (wide(x) - mean) / (variance + 1e-2).sqrt() * wide(w) + wide(b));
                assert_near(&out[..width], &exact.collect::<Vec<_>>(), 1e-4);
                prop_assert!(out[width..].iter().all(|x| *x == 0.0));
            }
        }
    }

    #[test]
    fn gelu_equals_its_formula(values in proptest::collection::vec(-40.0f32..40.0, TILE)) {
        let root = (2.0 / std::f64::consts::PI).sqrt();
        let by_tanh = |x: f64| 0.5 * x * (1.0 + (root * (x + 0.044_715 * x.powi(3))).tanh());
        let exact: Vec<f64> = values.iter().map(|x| by_tanh(f64::from(*x))).collect();
        for kernels in sets() {
            let mut lanes = [<[f32; TILE]>::try_from(&values[..]).unwrap()];
            kernels.gelu_tanh(&mut lanes);
            assert_near(&lanes[0], &exact, 2e-6);
        }
    }
}

#[test]
fn gelu_of_extremes_is_finite_and_right() {
    for kernels in sets() {
        let mut values = [[0.0; TILE]];
        values[0][..6].copy_from_slice(&[f32::MAX, -1e30, 1e4, -1e4, 0.0, -88.0]);
        kernels.gelu_tanh(&mut values);
        let expected = [f32::MAX, 0.0, 1e4, 0.0, 0.0, 0.0];
        assert!(values[0].iter().zip(expected).all(|(got, expected)| (got - expected).abs() < 1e-7), "{values:?}");
    }
}
