//! The behavioural suite of the store: every story runs on PostgreSQL and on SQLite.

mod api_keys;
mod backup;
mod bots;
mod chat_book;
mod claims;
mod daemons;
mod deliveries;
mod effects;
mod fixtures;
mod forget;
mod history;
mod inbox;
mod leases;
mod lifetime;
mod migration;
mod operators;
mod overload;
mod prune;
mod queue;
mod rooms;
mod rush;
mod schema;
mod sends;
mod settings;
mod tallies;
mod texts;
