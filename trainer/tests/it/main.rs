//! Integration tests of the workshop.

mod board;
mod crawl;
mod eval;
mod filter;
mod foreign;
mod golden;
mod support;
mod telegram;
mod texts;
