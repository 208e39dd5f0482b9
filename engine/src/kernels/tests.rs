//! Every instruction set that this machine has against the scalar twin and against the formulas in f64, on shapes of
//! every kind; and rows alone against rows in company, to the last bit.

mod attention;
mod rows;

use proptest::prelude::*;

use super::tiles::{GROUP, int8_tile_bytes, pack_f32, pack_int8, unpack_int8};
use super::*;

/// All sets of this machine but the scalar one, which comes first by itself.
fn sets() -> impl Iterator<Item = Kernels> {
    InstructionSet::ALL.into_iter().filter_map(Kernels::of)
}

fn floats(count: usize) -> impl Strategy<Value = Vec<f32>> {
    proptest::collection::vec(-4.0f32..4.0, count)
}

/// Rows, inputs, tiles; the rows' values (each row up to a multiple of 16) and the weights.
#[derive(Debug, Clone)]
struct Case {
    rows: usize,
    inputs: usize,
    tiles: usize,
    x: Vec<f32>,
    weights: Vec<f32>,
    bias: Vec<f32>,
}

fn case() -> impl Strategy<Value = Case> {
    (1usize..40, 1usize..200, 1usize..4).prop_flat_map(|(rows, inputs, tiles)| {
        let stride = inputs.next_multiple_of(TILE);
        (floats(rows * stride), floats(tiles * TILE * inputs), floats(tiles * TILE)).prop_map(
            move |(mut x, weights, bias)| {
                x.chunks_mut(stride).for_each(|row| row[inputs..].fill(0.0));
                Case { rows, inputs, tiles, x, weights, bias }
            },
        )
    })
}

impl Case {
    fn stride(&self) -> usize {
        self.inputs.next_multiple_of(TILE)
    }

    fn groups(&self) -> usize {
        self.inputs.div_ceil(GROUP)
    }

    fn quantized(&self, kernels: Kernels) -> Vec<Group> {
        let mut groups = vec![Group::ZERO; self.rows.next_multiple_of(TILE) * self.groups()];
        for (row, groups) in self.x.chunks(self.stride()).zip(groups.chunks_mut(self.groups())) {
            kernels.quantize(row, groups);
        }
        groups
    }

    fn int8_tiles(&self) -> Vec<u8> {
        let mut tiles = vec![0; self.tiles * int8_tile_bytes(self.inputs)];
        let weights = self.weights.chunks(TILE * self.inputs);
        weights
            .zip(tiles.chunks_mut(int8_tile_bytes(self.inputs)))
            .for_each(|(w, tile)| pack_int8(w, 0..self.inputs, self.inputs, tile));
        tiles
    }

    fn int8(&self, kernels: Kernels, (x, rows): (&[Group], usize), accumulate: bool) -> Vec<[f32; TILE]> {
        let mut out = vec![[0.5; TILE]; self.tiles * rows];
        let finish = Finish { bias: &self.bias, accumulate };
        kernels.int8(&Int8 { x, rows, groups: self.groups(), tiles: &self.int8_tiles(), finish }, &mut out);
        out
    }

    fn f32(&self, kernels: Kernels, x: &[f32], accumulate: bool) -> Vec<[f32; TILE]> {
        let mut tiles = vec![0.0; self.tiles * TILE * self.inputs];
        let weights = self.weights.chunks(TILE * self.inputs);
        weights.zip(tiles.chunks_mut(TILE * self.inputs)).for_each(|(w, tile)| pack_f32(w, 0..self.inputs, tile));
        let mut out = vec![[0.5; TILE]; self.tiles * x.len() / self.stride()];
        let finish = Finish { bias: &self.bias, accumulate };
        kernels.f32(&F32 { x, stride: self.stride(), inputs: self.inputs, tiles: &tiles, finish }, &mut out);
        out
    }

    /// The product by its formula, with the weights and inputs given.
    fn exact(&self, x: &[f32], weights: &[f32], accumulate: bool) -> Vec<f64> {
        let mut out = Vec::new();
        for output in 0..self.tiles * TILE {
            for row in x.chunks(self.stride()) {
                let weights = &weights[output * self.inputs..][..self.inputs];
                let sum: f64 = weights.iter().zip(row).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum();
                out.push(sum + f64::from(self.bias[output]) + if accumulate { 0.5 } else { 0.0 });
            }
        }
        out
    }
}

/// Results (tiles, rows, 16) in the order (outputs, rows).
fn by_output(out: &[[f32; TILE]], rows: usize) -> Vec<f32> {
    let tile = |tile: &[[f32; TILE]]| -> Vec<f32> {
        (0..TILE).flat_map(|output| tile.iter().map(|row| row[output]).collect::<Vec<_>>()).collect()
    };
    out.chunks(rows).flat_map(tile).collect()
}

fn assert_near(got: &[f32], exact: &[f64], tolerance: f64) {
    assert_eq!(got.len(), exact.len());
    for (got, exact) in got.iter().zip(exact) {
        assert!((f64::from(*got) - exact).abs() <= tolerance * exact.abs().max(1.0), "{got} instead of {exact}");
    }
}

/// What the groups stand for (each row up to a multiple of 16).
fn unquantized(case: &Case, groups: &[Group]) -> Vec<f32> {
    let row = |groups: &[Group]| -> Vec<f32> {
        let value = |at: usize| {
            let group = &groups[at / GROUP];
            group.scale * f32::from(group.bytes[at % GROUP])
        };
        (0..case.stride()).map(value).collect()
    };
    groups.chunks(case.groups()).take(case.rows).flat_map(row).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn quantized_rows_are_equal_everywhere_and_near_themselves(case in case()) {
        let plain = case.quantized(Kernels(InstructionSet::Scalar));
        for kernels in sets() {
            prop_assert_eq!(&case.quantized(kernels), &plain);
        }
        let back = unquantized(&case, &plain);
        let blocks = |values: &'_ [f32]| -> Vec<Vec<f32>> {
            values.chunks(case.stride()).flat_map(|row| row.chunks(GROUP).map(<[f32]>::to_vec)).collect()
        };
        for (x, back) in blocks(&case.x).iter().zip(blocks(&back)) {
            let most = x.iter().fold(0.0f32, |most, x| most.max(x.abs()));
            for (x, back) in x.iter().zip(back) {
                prop_assert!((x - back).abs() <= most / 127.0 * 0.51 + 1e-6, "{} {}", x, back);
            }
        }
        for group in &plain {
            prop_assert_eq!(group.bytes.iter().map(|byte| i32::from(*byte)).sum::<i32>(), group.sum);
        }
    }

    #[test]
    fn int8_products_equal_their_formula(case in case(), accumulate in any::<bool>()) {
        let x = case.quantized(Kernels(InstructionSet::Scalar));
        let mut weights = vec![0.0; case.weights.len()];
        let tile_bytes = int8_tile_bytes(case.inputs);
        for (output, weights) in weights.chunks_mut(case.inputs).enumerate() {
            unpack_int8(&case.int8_tiles()[output / TILE * tile_bytes..][..tile_bytes], output % TILE, weights);
        }
        let exact = case.exact(&unquantized(&case, &x), &weights, accumulate);
        for kernels in sets() {
            assert_near(&by_output(&case.int8(kernels, (&x, case.rows), accumulate), case.rows), &exact, 1e-4);
        }
    }

    #[test]
    fn vector_sets_agree_on_int8_to_the_last_bit(case in case()) {
        let x = case.quantized(Kernels(InstructionSet::Scalar));
        let results: Vec<_> = sets().skip(1).map(|kernels| case.int8(kernels, (&x, case.rows), false)).collect();
        for pair in results.windows(2) {
            prop_assert_eq!(&pair[0], &pair[1]);
        }
    }

    #[test]
    fn f32_products_equal_their_formula(case in case(), accumulate in any::<bool>()) {
        let exact = case.exact(&case.x, &case.weights, accumulate);
        for kernels in sets() {
            assert_near(&by_output(&case.f32(kernels, &case.x, accumulate), case.rows), &exact, 1e-4);
        }
    }

    #[test]
    fn company_changes_no_bit_of_a_row(case in case()) {
        for kernels in sets() {
            let x = case.quantized(kernels);
            let (int8, f32) = (case.int8(kernels, (&x, case.rows), true), case.f32(kernels, &case.x, true));
            for row in 0..case.rows {
                let alone = case.int8(kernels, (&x[row * case.groups()..][..case.groups()], 1), true);
                let own: Vec<_> = int8.iter().skip(row).step_by(case.rows).copied().collect();
                prop_assert_eq!(alone, own);
                let alone = case.f32(kernels, &case.x[row * case.stride()..][..case.stride()], true);
                let own: Vec<_> = f32.iter().skip(row).step_by(case.rows).copied().collect();
                prop_assert_eq!(alone, own);
            }
        }
    }
}

#[test]
fn names_of_sets_are_read_back() {
    for set in InstructionSet::ALL {
        assert_eq!(set.to_string().parse(), Ok(set));
    }
    assert!("sse9".parse::<InstructionSet>().is_err());
}
