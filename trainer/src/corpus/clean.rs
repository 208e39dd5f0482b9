//! Leaves out or alters what a persona shouldn't learn.
