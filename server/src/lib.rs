//! Maskarad: one daemon that gives voice to many small fine-tuned GPT-2 personas. ARCHITECTURE.md is the map.

pub mod access;
pub mod chat;
pub mod command;
pub mod config;
pub mod queue;
pub mod settings;
pub mod store;
pub mod telegram;
pub mod texts;
pub mod trigger;

#[cfg(test)]
mod testing;
