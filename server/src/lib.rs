//! Maskarad: one daemon that gives voice to many small fine-tuned GPT-2 personas. ARCHITECTURE.md is the map.

pub mod chat;
pub mod cli;
pub mod config;
pub mod prompt;
pub mod reply;
pub mod store;
pub mod trigger;
