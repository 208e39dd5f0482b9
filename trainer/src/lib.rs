//! The persona workshop: from chat exports to a fine-tuned persona and a verdict on it.
//!
//! Owns corpora ([`corpus`]), fine-tuning ([`train`]), evaluation ([`eval`]), the pages that tell of them ([`report`]) and
//! the road through all of them ([`workshop`]).
//! Knows no Telegram Bot API, no SQL, no YAML and no environment; the command line lives in the server crate.

pub mod corpus;
pub mod eval;
pub mod files;
pub mod progress;
pub mod report;
pub mod train;
pub mod workshop;
