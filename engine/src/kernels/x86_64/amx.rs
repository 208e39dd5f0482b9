//! AMX: Intel's servers from Sapphire Rapids. Products of three rows and more go through its tile registers, many
//! times as many bytes a cycle as AVX-512; whatever else there is stays with AVX-512. Integers are exact and the scales
//! are applied in the same order, so that a row's result is the same to the last bit.
//!
//! The instructions are written out, since the compiler's own functions for them aren't stable yet.

use std::arch::asm;
use std::arch::x86_64::{__cpuid_count, _xgetbv};
use std::sync::OnceLock;

use super::super::lanes::Lanes;
use super::super::product::{self, Int8};
use super::super::rows::Group;
use super::super::tiles::{self, GROUP, GROUP_BYTES, TILE};
use super::avx512::Avx512;

/// The C library's number of the call that asks for wide registers, and the one that these are.
const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
const XFEATURE_XTILEDATA: libc::c_long = 18;

/// How far ahead of the weights in use memory is asked for more.
const PREFETCH: usize = 8192;

/// Whether the processor has AMX for bytes and the system lets this process use it. Asks the system once.
pub(super) fn is_available() -> bool {
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    *AVAILABLE.get_or_init(|| super::has_avx512() && has_amx() && ask_system())
}

fn has_amx() -> bool {
    const TILE_AND_INT8: u32 = 1 << 24 | 1 << 25;
    const OS_SAVES_TILES: u64 = 1 << 17 | 1 << 18;
    #[target_feature(enable = "xsave")]
    fn saved_by_system() -> u64 {
        // SAFETY: the target feature is all that the instruction needs.
        unsafe { _xgetbv(0) }
    }
    let leaf = __cpuid_count(7, 0);
    // SAFETY: a processor with AMX, which is asked first, has XSAVE.
    leaf.edx & TILE_AND_INT8 == TILE_AND_INT8 && unsafe { saved_by_system() } & OS_SAVES_TILES == OS_SAVES_TILES
}

#[cfg(target_os = "linux")]
fn ask_system() -> bool {
    // SAFETY: the call takes two numbers and touches no memory of this process.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 }
}

#[cfg(not(target_os = "linux"))]
fn ask_system() -> bool {
    false
}

/// What the tile registers hold: 0 sums, 1 inputs, 2 weights, of one group.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    bytes_per_row: [u16; 16],
    rows: [u8; 16],
}

impl Configuration {
    /// For products of so many rows, 16 at most.
    const fn new(rows: u8) -> Self {
        let mut this = Self { palette: 1, start_row: 0, reserved: [0; 14], bytes_per_row: [0; 16], rows: [0; 16] };
        let shapes = [(rows, 64), (rows, 64), (16, 64)];
        let mut register = 0;
        while register < shapes.len() {
            (this.rows[register], this.bytes_per_row[register]) = shapes[register];
            register += 1;
        }
        this
    }

    #[inline(always)]
    fn load(&self) {
        // SAFETY: the processor has AMX and the system allows it, for `is_available` was asked; the 64 bytes follow
        // the format that Intel's manual gives for LDTILECFG.
        unsafe { asm!("ldtilecfg [{}]", in(reg) self, options(nostack, readonly)) };
    }
}

/// Gives the tile registers back, which spares the system saving them.
#[inline(always)]
fn release() {
    // SAFETY: as for `Configuration::load`; the instruction takes nothing.
    unsafe { asm!("tilerelease", options(nostack, nomem)) };
}

/// Writes, or adds, to `out` (tiles, N, 16).
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
pub(in super::super) fn int8(product: &Int8<'_>, out: &mut [[f32; TILE]]) {
    if product.rows < 3 {
        return product::int8::<Avx512>(product, out);
    }
    let (sixteen, left) = (product.rows / 16 * 16, product.rows % 16);
    if sixteen > 0 {
        Configuration::new(16).load();
        for row in (0..sixteen).step_by(16) {
            some_rows::<16>(product, row, out);
        }
    }
    match left {
        0 => {}
        9.. => {
            Configuration::new(16).load();
            some_rows::<16>(product, sixteen, out);
        }
        5.. => {
            Configuration::new(8).load();
            some_rows::<8>(product, sixteen, out);
        }
        _ => {
            Configuration::new(4).load();
            some_rows::<4>(product, sixteen, out);
        }
    }
    release();
}

/// All tiles and up to `R` rows from `row` on.
#[inline(always)]
fn some_rows<const R: usize>(product: &Int8<'_>, row: usize, out: &mut [[f32; TILE]]) {
    let groups = product.groups;
    let x = &product.x[row * groups..];
    assert!(x.len() >= R * groups, "inputs are padded to sixteen rows");
    // Side by side, the scales of a group's rows are one line of the cache, and every tile looks at them.
    let mut scales = vec![[0.0; R]; groups];
    for (at, scales) in scales.iter_mut().enumerate() {
        for (row, scale) in scales.iter_mut().enumerate() {
            *scale = x[row * groups + at].scale;
        }
    }
    let rows = Rows { x, scales: &scales, first: row == 0 };
    let mut sums = [Sums([[0; TILE]; 16]), Sums([[0; TILE]; 16])];
    let tiles = product.tiles.chunks_exact(tiles::int8_tile_bytes(groups * GROUP));
    for (index, (tile, out)) in tiles.zip(out.chunks_exact_mut(product.rows)).enumerate() {
        let totals = totals::<R>(tile, &rows, &mut sums);
        for (total, out) in totals.into_iter().zip(&mut out[row..]) {
            product.finish.store(index, total, out);
        }
    }
}

/// Some rows of inputs.
struct Rows<'a, const R: usize> {
    /// (R, groups)
    x: &'a [Group],
    /// (groups, R)
    scales: &'a [[f32; R]],
    /// Whether they are the first to use a tile, and so ask for what lies behind it.
    first: bool,
}

/// The sums of one tile and `R` rows.
#[inline(always)]
fn totals<const R: usize>(tile: &[u8], rows: &Rows<'_, R>, sums: &mut [Sums; 2]) -> [Avx512; R] {
    let groups = rows.scales.len();
    let mut totals = [Avx512::splat(0.0); R];
    let (scales, weights) = tiles::parts(tile, groups);
    let [even, odd] = sums;
    // A group's sums are looked at while the next group is multiplied: they have reached the cache by then.
    for at in 0..=groups {
        let (next, last) = if at % 2 == 0 { (&mut *even, &*odd) } else { (&mut *odd, &*even) };
        if let Some(weights) = weights.get(at) {
            if rows.first {
                for line in 0..GROUP_BYTES / 64 {
                    Avx512::prefetch(weights.as_ptr().wrapping_add(PREFETCH + 64 * line));
                }
            }
            multiply(&rows.x[at], groups, weights, next);
        }
        if at > 0 {
            let scale = Avx512::load_half(&scales[at - 1]);
            let factors = &rows.scales[at - 1];
            for row in 0..R {
                let factor = scale.mul(Avx512::splat(factors[row]));
                totals[row] = Avx512::integers(&last.0[row]).mul_add(factor, totals[row]);
            }
        }
    }
    totals
}

/// Sums of a group: (rows, 16).
#[repr(C, align(64))]
struct Sums([[i32; TILE]; 16]);

/// The products of one group: as many rows as the registers are configured for, `groups` apart.
#[inline(always)]
fn multiply(x: &Group, groups: usize, weights: &[u8; GROUP_BYTES], sums: &mut Sums) {
    // SAFETY: the registers are configured, so they are allowed. Of the inputs, as many rows are read as they are
    // configured for, which `some_rows` has checked to be there; of the weights, a group; and 16 rows of sums at most
    // are written.
    unsafe {
        asm!(
            "tilezero tmm0",
            "tileloadd tmm1, [{x} + {stride}]",
            "tileloadd tmm2, [{weights} + {line}]",
            "tdpbssd tmm0, tmm1, tmm2",
            "tilestored [{sums} + {line}], tmm0",
            x = in(reg) x,
            stride = in(reg) groups * size_of::<Group>(),
            weights = in(reg) weights,
            line = in(reg) 64usize,
            sums = in(reg) sums,
            out("tmm0") _, out("tmm1") _, out("tmm2") _,
            options(nostack),
        );
    }
}
