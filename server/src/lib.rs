//! Maskarad: one daemon that gives voice to many small fine-tuned GPT-2 personas. ARCHITECTURE.md is the map.

pub mod chat;
pub mod cli;
pub mod config;

pub mod access;
pub mod attempts;
pub mod command;
pub mod pacing;
pub mod prompt;
pub mod reload;
pub mod replay;
pub mod reply;
pub mod request;
pub mod settings;
pub mod texts;
pub mod trigger;

pub mod backoff;
pub mod clock;
pub mod generator;
pub mod incoming;
pub mod store;
pub mod supervisor;
pub mod telegram;
pub mod transport;
pub mod web;

pub mod api;
pub mod app;
pub mod console;
pub mod daemon;
pub mod delivery;
pub mod health;
pub mod housekeeping;
pub mod http;
pub mod hub;
pub mod lifecycle;
pub mod live;
pub mod load;
pub mod machine;
pub mod metrics;
pub mod pump;
pub mod queue;
pub mod remote;
pub mod router;
pub mod speech;
pub mod spread;
pub mod standing;
pub mod usage;

#[cfg(test)]
mod testing;
