//! What tests of several modules share.

pub(crate) mod broker;
pub(crate) mod cluster;
pub(crate) mod contents;
pub(crate) mod database;
pub(crate) mod host;
