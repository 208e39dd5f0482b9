//! Functions of single values.

use super::lanes::Lanes;
use super::tiles::TILE;

/// GELU by its tanh approximation (Hendrycks and Gimpel, 2016), in place.
#[inline(always)]
pub(super) fn gelu_tanh<L: Lanes>(values: &mut [[f32; TILE]]) {
    // ½x(1 + tanh u) = x / (1 + exp(−2u)), with u = √(2/π)(x + 0.044715x³).
    let (one, cubic) = (L::splat(1.0), L::splat(0.044_715));
    let minus_twice_root = L::splat(-1.595_769);
    for lanes in values {
        let x = L::load(lanes);
        let exponent = x.mul(minus_twice_root).mul(cubic.mul(x).mul_add(x, one));
        x.div(exponent.exp().add(one)).store(lanes);
    }
}

/// GELU by the error function, in place.
pub(super) fn gelu_erf(values: &mut [[f32; TILE]]) {
    for x in values.as_flattened_mut() {
        *x *= 0.5 * (1.0 + libm::erff(*x * std::f32::consts::FRAC_1_SQRT_2));
    }
}

/// ReLU, in place.
pub(super) fn relu(values: &mut [[f32; TILE]]) {
    values.as_flattened_mut().iter_mut().for_each(|x| *x = x.max(0.0));
}
