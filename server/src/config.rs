//! Everything the daemon is told: `maskarad.yaml`, the environment, persona manifests, secrets.
//!
//! Raw files become validated types here and nowhere else; the rest of the code sees validated types only.

pub mod daemon;
mod declare;
pub mod environment;
pub mod manifest;
mod numbers;
mod options;
pub mod persona;
pub mod problem;
mod record;
pub mod schema;
pub mod secret;
mod texts;
mod tree;
mod units;
pub mod webhook;
pub mod workshop;
