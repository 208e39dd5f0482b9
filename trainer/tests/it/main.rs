//! Integration tests of the workshop.

mod board;
mod crawl;
mod filter;
mod foreign;
mod golden;
mod support;
mod telegram;
mod texts;
