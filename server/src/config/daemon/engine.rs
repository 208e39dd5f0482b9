//! What the engine may use, and where it keeps what can be made again.

use std::path::PathBuf;

use maskarad_engine::{EngineConfig, InstructionSet};

use super::raw::Settings;
use crate::config::environment::Environment;
use crate::config::units;

pub(super) fn read(settings: &mut Settings<'_>, environment: Environment<'_>) -> EngineConfig {
    let default = EngineConfig::default();
    let kv_memory = |text: &str| units::bytes(text).filter(|bytes| *bytes >= 1 << 20);
    EngineConfig {
        threads: settings.number("engine.threads", 1, 1024).unwrap_or(default.threads),
        kv_memory: settings
            .parsed("engine.kv_memory", "at least 1 MiB, such as 256MiB", kv_memory)
            .unwrap_or(default.kv_memory),
        max_batch: settings.number("engine.max_batch", 1, 1024).unwrap_or(default.max_batch),
        cache: settings
            .path("cache")
            .or_else(|| environment.folder("CACHE_DIRECTORY"))
            .or_else(|| Some(PathBuf::from("cache"))),
        instruction_set: settings.parsed(
            "engine.instruction_set",
            "scalar, avx2, avx_vnni, avx512 or amx, as far as this processor has it",
            instruction_set,
        ),
        ..default
    }
}

fn instruction_set(text: &str) -> Option<InstructionSet> {
    text.parse().ok().filter(|set: &InstructionSet| set.is_available())
}
