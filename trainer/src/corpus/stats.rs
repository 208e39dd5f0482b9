//! What a corpus holds, in figures and pictures.
