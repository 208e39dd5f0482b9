//! What tests of several modules share.

pub(crate) mod database;
pub(crate) mod host;
