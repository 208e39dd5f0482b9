//! Integration tests of the workshop.

mod filter;
mod support;
