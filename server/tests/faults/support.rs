//! What comes from the other integration tests: servers, databases and brokers of one's own.

#[expect(dead_code, unused_macros, unused_imports, reason = "the other integration tests use the rest")]
#[path = "../it/support/database.rs"]
pub(crate) mod database;

#[expect(dead_code, reason = "the other integration tests use the rest")]
#[path = "../it/support/cluster.rs"]
pub(crate) mod cluster;

#[expect(dead_code, reason = "the other integration tests use the rest")]
#[path = "../it/support/broker.rs"]
pub(crate) mod broker;
