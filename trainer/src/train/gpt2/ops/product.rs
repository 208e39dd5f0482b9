//! Products of matrices in f32, by the crate `gemm`: the one place of this crate that hands out pointers.

use gemm::Parallelism;

/// A matrix within a slice.
#[derive(Clone, Copy)]
pub(in super::super) struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// Row by row.
    pub(in super::super) fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::strided(values, (rows, columns), columns)
    }

    /// Rows that begin `stride` values apart.
    pub(in super::super) fn strided(values: &'a [f32], (rows, columns): (usize, usize), stride: usize) -> Self {
        Self { values, rows, columns, row_stride: stride, column_stride: 1 }
    }

    /// Transposed, without moving anything.
    pub(in super::super) fn t(self) -> Self {
        let Self { values, rows, columns, row_stride, column_stride } = self;
        Self { values, rows: columns, columns: rows, row_stride: column_stride, column_stride: row_stride }
    }

    fn check(&self) {
        let last = (self.rows.max(1) - 1) * self.row_stride + (self.columns.max(1) - 1) * self.column_stride;
        assert!(self.rows == 0 || self.columns == 0 || last < self.values.len(), "a matrix within its values");
    }
}

/// Where a product goes.
pub(in super::super) struct Out<'a> {
    pub(in super::super) values: &'a mut [f32],
    /// Values from one row to the next.
    pub(in super::super) stride: usize,
    /// Whether it is added to what is there.
    pub(in super::super) add: bool,
}

/// `out = scale · a · b`, or that added to `out`; with all threads, or on the calling one alone.
pub(in super::super) fn product(out: Out<'_>, a: Matrix<'_>, b: Matrix<'_>, scale: f32, threads: Threads) {
    assert_eq!(a.columns, b.rows, "matrices that can be multiplied");
    let (m, n, k) = (a.rows, b.columns, a.columns);
    a.check();
    b.check();
    Matrix::strided(out.values, (m, n), out.stride).check();
    assert!(n <= out.stride || m <= 1, "rows that don't overlap");
    let parallelism = match threads {
        Threads::All => Parallelism::Rayon(rayon::current_num_threads()),
        Threads::One => Parallelism::None,
    };
    let stride = |stride: usize| isize::try_from(stride).expect("strides are within a slice");
    // SAFETY: each matrix lies within its slice, which `check` made sure of, and `out` is borrowed for this call alone.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.values.as_mut_ptr(),
            1,
            stride(out.stride),
            out.add,
            a.values.as_ptr(),
            stride(a.column_stride),
            stride(a.row_stride),
            b.values.as_ptr(),
            stride(b.column_stride),
            stride(b.row_stride),
            1.0,
            scale,
            false,
            false,
            false,
            parallelism,
        );
    }
}

/// Who multiplies.
#[derive(Clone, Copy)]
pub(in super::super) enum Threads {
    /// All of rayon's.
    All,
    /// The calling one.
    One,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_all_orientations() {
        let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let b = [1.0, 0.0, 2.0, 1.0, 0.0, 3.0];
        let mut out = [10.0; 4];
        product(
            Out { values: &mut out, stride: 2, add: false },
            Matrix::new(&a, 2, 3),
            Matrix::new(&b, 3, 2),
            2.0,
            Threads::All,
        );
        assert_eq!(out, [10.0, 22.0, 28.0, 46.0].map(|x: f32| x - 0.0));
        product(
            Out { values: &mut out, stride: 2, add: true },
            Matrix::new(&a, 2, 3),
            Matrix::new(&a, 2, 3).t(),
            1.0,
            Threads::One,
        );
        assert_eq!(out, [24.0, 54.0, 60.0, 123.0]);
    }
}
