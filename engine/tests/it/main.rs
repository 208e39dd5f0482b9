//! The crate's integration tests, in one binary.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests are tests too")]

mod adapters;
mod bad_adapter;
mod bad_input;
mod batching;
mod fairness;
mod full_size;
mod memory;
mod observer;
mod oracle;
mod packed_cache;
mod parity;
mod perplexity;
mod plain_sampling;
mod sampling;
mod scheduling;
mod support;
mod tokenizer;
mod torch_file;
