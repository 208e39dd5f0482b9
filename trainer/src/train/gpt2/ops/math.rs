//! Functions and sums over slices that compilers turn into vectors.

const LANES: usize = 16;

/// `e^x` within two units in the last place for -87 to 88, and its limits beyond: Cephes' polynomial after reduction by
/// multiples of ln 2, without branches.
#[inline(always)]
pub(in super::super) fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 · 2^23: adding it rounds to a whole number
    let x = x.clamp(-87.3, 88.3);
    let whole = (x * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = x - whole * 0.693_359_4;
    let r = r + whole * 2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 0.5;
    let y = p * r * r + r + 1.0;
    y * f32::from_bits(((whole as i32 + 127) as u32) << 23)
}

/// The hyperbolic tangent by [`exp`].
#[inline(always)]
pub(in super::super) fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (exp(2.0 * x) + 1.0)
}

/// The sum of a function of values, in an order that doesn't depend on threads.
#[inline(always)]
pub(in super::super) fn sum_of(values: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [0.0_f32; LANES];
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += of(*value);
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().map(|value| of(*value)).sum::<f32>()
}

/// The sum of products.
#[inline(always)]
pub(in super::super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut lanes = [0.0_f32; LANES];
    for (a, b) in a.iter().zip(b) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    lanes.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

/// The largest value.
#[inline(always)]
pub(in super::super) fn max(values: &[f32]) -> f32 {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [f32::NEG_INFINITY; LANES];
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = if *value > *lane { *value } else { *lane };
        }
    }
    lanes.iter().chain(rest).fold(f32::NEG_INFINITY, |most, value| most.max(*value))
}

/// Replaces logits by their exponents less the largest's; returns that and the sum.
#[inline(always)]
pub(in super::super) fn exponents(values: &mut [f32]) -> (f32, f32) {
    let most = max(values);
    for value in values.iter_mut() {
        *value = exp(*value - most);
    }
    (most, sum_of(values, |value| value))
}

/// Adds values to others.
#[inline(always)]
pub(in super::super) fn add(to: &mut [f32], values: &[f32]) {
    for (to, value) in to.iter_mut().zip(values) {
        *to += value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_and_tangents_are_those_of_the_library() {
        for step in -8700..8800 {
            let x = step as f32 / 100.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) - exact).abs() <= 2.5e-7 * exact, "{x}");
            assert!((f64::from(tanh(x)) - f64::from(x).tanh()).abs() < 2.5e-7, "{x}");
        }
        assert!(exp(-1000.0) < 1e-37 && exp(1000.0).is_finite());
    }

    #[test]
    fn sums_have_odd_lengths_too() {
        for length in [0, 1, 15, 16, 17, 100] {
            let values: Vec<f32> = (0..length).map(|value| value as f32).collect();
            assert_eq!(sum_of(&values, |value| value), values.iter().sum::<f32>());
            assert_eq!(dot(&values, &values), values.iter().map(|value| value * value).sum::<f32>());
            assert_eq!(max(&values), values.last().copied().unwrap_or(f32::NEG_INFINITY));
        }
    }
}
