//! Everything the daemon is told: `maskarad.yaml`, the environment, persona manifests, secrets.
//!
//! Raw files become validated types here and nowhere else; the rest of the code sees validated types only.

pub mod persona;
pub mod secret;
