//! Corpora: what people wrote to each other, as JSON lines of dialogues, and the steps that make one fit for training.
//!
//! [`record`] is the one format that all steps read and write. [`import`] makes it from foreign files, [`clean`] and
//! [`filter`] leave out what a persona shouldn't learn, [`stats`] shows what is there, [`forget`] removes a person.

pub mod clean;
pub mod filter;
pub mod forget;
pub mod import;
pub mod record;
pub mod stats;

mod cut;
mod names;
