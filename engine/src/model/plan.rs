//! Which rows of a batch a block works on: those it takes in, those it keeps, and who wears what among them.

use std::ops::Range;

use super::adapter::{self, Span};
use super::{Output, Segment};

/// Which rows a block takes in, and which it keeps.
pub(super) struct Plan {
    /// Those of each segment that stay after attention.
    pub(super) wanted: Vec<Range<usize>>,
    /// Of all rows, those that wear adapters.
    pub(super) before: Vec<Span>,
    /// Of those that stay, those that wear adapters.
    pub(super) after: Vec<Span>,
}

impl Plan {
    pub(super) fn new(batch: &[Segment<'_>], choose: impl Fn(Output, Range<usize>) -> Range<usize>) -> Self {
        let (all, wanted) = (rows(batch, |_, rows| rows), rows(batch, choose));
        Self { before: adapter::spans(batch, &all), after: adapter::spans(batch, &wanted), wanted }
    }
}

/// The rows of each segment within the batch, or some of them.
fn rows(batch: &[Segment<'_>], choose: impl Fn(Output, Range<usize>) -> Range<usize>) -> Vec<Range<usize>> {
    let mut begin = 0;
    let of = |segment: &Segment<'_>| {
        let rows = begin..begin + segment.tokens.len();
        begin = rows.end;
        choose(segment.output, rows)
    };
    batch.iter().map(of).collect()
}
