//! The kernels in plain Rust: the specification and the fallback. Written in lanes, so that the compiler can turn them
//! into whatever vectors the caller's target features allow. `FMA` says whether a multiply-add is one instruction.
//! Loops are `for` loops on purpose: a closure handed to an iterator's method is compiled without those features.

/// Independent sums that one loop keeps, so that additions need not wait for each other.
const LANES: usize = 16;

/// What one head's query looks at.
pub(crate) struct Head<'a> {
    /// (D)
    pub(crate) query: &'a [f32],
    /// (T, D)
    pub(crate) keys: &'a [f32],
    /// (T, D)
    pub(crate) values: &'a [f32],
    /// Factor of the scores.
    pub(crate) scale: f32,
}

#[inline(always)]
pub(super) fn attend<const FMA: bool>(head: &Head<'_>, scores: &mut Vec<f32>, out: &mut [f32]) {
    let dim = head.query.len();
    scores.resize(head.keys.len() / dim, 0.0);
    for (score, key) in scores.iter_mut().zip(head.keys.chunks_exact(dim)) {
        *score = head.scale * dot::<FMA>(head.query, key);
    }
    let total = exponentials::<FMA>(scores);
    out.fill(0.0);
    for (weight, value) in scores.iter().zip(head.values.chunks_exact(dim)) {
        for (sum, v) in out.iter_mut().zip(value) {
            *sum = multiply_add::<FMA>(*weight, *v, *sum);
        }
    }
    for sum in out {
        *sum /= total;
    }
}

#[inline(always)]
pub(super) fn multiply<const FMA: bool>(rows: &[f32], x: &[f32], out: &mut [f32]) {
    for (sum, row) in out.iter_mut().zip(rows.chunks_exact(x.len())) {
        *sum = dot::<FMA>(row, x);
    }
}

#[inline(always)]
pub(super) fn gelu_tanh<const FMA: bool>(values: &mut [f32]) {
    // ½x(1 + tanh u) = x / (1 + exp(−2u)), with u = √(2/π)(x + 0.044715x³).
    const TWICE_ROOT: f32 = 1.595_769;
    for value in values {
        let x = *value;
        let u = TWICE_ROOT * x * (1.0 + 0.044_715 * x * x);
        *value = x / (1.0 + exp::<FMA>(-u));
    }
}

#[inline(always)]
fn multiply_add<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

#[inline(always)]
fn dot<const FMA: bool>(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let (a_lanes, b_lanes) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let mut rest = 0.0;
    for (x, y) in a_lanes.remainder().iter().zip(b_lanes.remainder()) {
        rest += x * y;
    }
    for (x, y) in a_lanes.zip(b_lanes) {
        for lane in 0..LANES {
            sums[lane] = multiply_add::<FMA>(x[lane], y[lane], sums[lane]);
        }
    }
    fold(sums, |x, y| x + y) + rest
}

/// Replaces scores by `exp(score − greatest)` and returns their sum.
#[inline(always)]
fn exponentials<const FMA: bool>(scores: &mut [f32]) -> f32 {
    let mut tops = [f32::NEG_INFINITY; LANES];
    let lanes = scores.chunks_exact(LANES);
    let mut top = f32::NEG_INFINITY;
    for score in lanes.remainder() {
        top = top.max(*score);
    }
    for chunk in lanes {
        for lane in 0..LANES {
            tops[lane] = if chunk[lane] > tops[lane] { chunk[lane] } else { tops[lane] };
        }
    }
    let top = fold(tops, f32::max).max(top);
    let mut sums = [0.0; LANES];
    let mut lanes = scores.chunks_exact_mut(LANES);
    for chunk in &mut lanes {
        for lane in 0..LANES {
            chunk[lane] = exp::<FMA>(chunk[lane] - top);
            sums[lane] += chunk[lane];
        }
    }
    let mut total = fold(sums, |x, y| x + y);
    for score in lanes.into_remainder() {
        *score = exp::<FMA>(*score - top);
        total += *score;
    }
    total
}

#[inline(always)]
fn fold(lanes: [f32; LANES], join: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = lanes;
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] = join(lanes[lane], lanes[lane + width]);
        }
        width /= 2;
    }
    lanes[0]
}

/// `eˣ` within 2 ulp, without branches: Cephes' `expf`. Beyond ±87 it saturates near the smallest and largest normals.
#[inline(always)]
fn exp<const FMA: bool>(x: f32) -> f32 {
    // Adding and subtracting 1.5·2²³ rounds to the nearest integer.
    const ROUND: f32 = 12_582_912.0;
    let x = if x > 88.0 { 88.0 } else { x };
    let x = if x < -87.0 { -87.0 } else { x };
    let n = multiply_add::<FMA>(x, std::f32::consts::LOG2_E, ROUND) - ROUND;
    let r = multiply_add::<FMA>(n, -0.693_359_4, x);
    let r = multiply_add::<FMA>(n, 2.121_944_4e-4, r);
    let mut p = 1.987_569_1e-4;
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 5e-1] {
        p = multiply_add::<FMA>(p, r, coefficient);
    }
    let mantissa = multiply_add::<FMA>(p, r * r, r) + 1.0;
    let exponent = f32::from_bits(((n as i32 + 127) as u32) << 23);
    mantissa * exponent
}
