//! Fuzz targets: one function for each kind of input that comes from people, files or the network.
//!
//! A target takes any bytes and panics where a promise is broken. Who feeds it is not its business: libFuzzer
//! (`fuzz/libfuzzer`, `make fuzz`) and the runner of this crate (`maskarad-fuzz`, in `make test`) call the same functions
//! with the same seeds.

pub mod mutate;
mod personas;
pub mod runner;
pub mod seeds;
mod targets;

pub use targets::{TARGETS, Target};
