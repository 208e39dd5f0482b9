//! Integration tests of the workshop.

mod board;
mod filter;
mod foreign;
mod golden;
mod support;
mod telegram;
