//! Integration tests of the workshop.

mod board;
mod foreign;
