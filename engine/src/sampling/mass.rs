//! How much all tokens weigh together: the one sum over the whole vocabulary that top-p needs. Written in lanes of
//! plain arithmetic, so that the compiler makes vectors of it, with the same result on every processor.

const LANES: usize = 16;
/// Logits whose weights are summed in f32 before the sums go on in f64.
const BLOCK: usize = 32 * LANES;

/// Sum of `exp((logit − top) / temperature)`, within a millionth; no logit is above `top`.
pub(super) fn mass(logits: &[f32], top: f32, temperature: f32) -> f64 {
    let mut total = 0.0;
    for block in logits.chunks(BLOCK) {
        let mut sums = [0.0; LANES];
        let (rows, rest) = block.as_chunks::<LANES>();
        for row in rows {
            for lane in 0..LANES {
                sums[lane] += exp((row[lane] - top) / temperature);
            }
        }
        for (lane, logit) in rest.iter().enumerate() {
            sums[lane] += exp((logit - top) / temperature);
        }
        total += sums.iter().map(|sum| f64::from(*sum)).sum::<f64>();
    }
    total
}

/// `eˣ` of an x not above 0, without branches: Cephes' `expf`. What `f32` has only subnormal numbers for becomes 0.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // Adding and subtracting 1.5·2²³ rounds to the nearest integer, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let bounded = if x > -87.0 { x } else { -87.0 };
    let shifted = bounded * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = bounded - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 5e-1] {
        p = p * r + coefficient;
    }
    let mantissa = p * r * r + r + 1.0;
    let exponent = f32::from_bits(shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23);
    if x > -87.0 { mantissa * exponent } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_mass_equals_its_formula(
            logits in proptest::collection::vec(-90.0f32..12.0, 1..1500),
            temperature in 0.2f32..3.0,
        ) {
            let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let exact: f64 =
                logits.iter().map(|logit| ((f64::from(*logit) - f64::from(top)) / f64::from(temperature)).exp()).sum();
            let got = mass(&logits, top, temperature);
            // The division is rounded in f32 as well, which weighs in proportion to its result.
            prop_assert!((got / exact - 1.0).abs() < 5e-6, "{got} {exact}");
        }

        #[test]
        fn exp_equals_its_formula(x in -86.9f32..0.0) {
            prop_assert!((f64::from(exp(x)) / f64::from(x).exp() - 1.0).abs() < 3e-7, "{x}");
        }
    }

    #[test]
    fn the_ends_are_right() {
        assert_eq!((exp(0.0), exp(-0.0), exp(-88.0), exp(f32::NEG_INFINITY)), (1.0, 1.0, 0.0, 0.0));
        assert_eq!(mass(&[2.0, 1.0, f32::NEG_INFINITY], 2.0, 1e-45), 1.0);
    }
}
