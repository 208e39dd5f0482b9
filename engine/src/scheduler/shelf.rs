//! Memory of keys and values between one sequence and the next. The system takes its time to give fresh memory, page
//! by page and filled with zeros; what a sequence leaves behind serves the next one at once.

use crate::region::Zeroed;

/// Pieces of memory that nobody uses.
pub(super) struct Shelf {
    /// The one put back last comes last.
    pieces: Vec<Zeroed>,
    /// Bytes that may lie here.
    room: usize,
}

impl Shelf {
    pub(super) fn new(room: usize) -> Self {
        Self { pieces: Vec::new(), room }
    }

    /// Memory of at least so many bytes, and at most twice as many, with anything in it.
    pub(super) fn take(&mut self, length: usize) -> Zeroed {
        match self.pieces.iter().rposition(|piece| (length..=2 * length).contains(&piece.len())) {
            Some(at) => self.pieces.remove(at),
            None => Zeroed::new(length),
        }
    }

    /// Keeps a piece, and lets go of the oldest where there is too much.
    pub(super) fn put_back(&mut self, piece: Zeroed) {
        self.pieces.push(piece);
        self.shrink(self.room);
    }

    /// Lets go of the oldest until the rest takes no more than so many bytes.
    pub(super) fn shrink(&mut self, room: usize) {
        while self.pieces.iter().map(|piece| piece.len()).sum::<usize>() > room {
            self.pieces.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_used_again_and_the_rest_is_bounded() {
        let mut shelf = Shelf::new(300);
        let mut first = shelf.take(100);
        first[7] = 42;
        shelf.put_back(first);
        assert_eq!(shelf.take(40)[7], 0, "too large");
        assert_eq!(shelf.take(101).first(), Some(&0), "too small");
        assert_eq!(shelf.take(60)[7], 42);
        (0..10).for_each(|_| shelf.put_back(Zeroed::new(100)));
        assert_eq!(shelf.pieces.len(), 3);
        shelf.shrink(150);
        assert_eq!(shelf.pieces.len(), 1);
        shelf.put_back(Zeroed::new(301));
        assert!(shelf.pieces.is_empty());
    }
}
