//! Integration tests of the workshop.

mod eval;
mod filter;
mod golden;
mod support;
