//! Integration tests of the workshop.

mod filter;
mod golden;
mod support;
mod telegram;
