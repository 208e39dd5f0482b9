//! Integration tests of the workshop.

mod board;
mod crawl;
mod foreign;
mod texts;
mod eval;
mod filter;
mod golden;
mod support;
