//! What has to be there before anybody runs: the checkpoint, and its conversions for the peers.

use std::path::Path;
use std::process::Command;

use maskarad_engine::synthetic::{Shape, write_checkpoint};
use maskarad_engine::{Engine, EngineConfig, Precision};

use crate::Failure;
use crate::child::{Places, scripts};

/// Writes the random checkpoint, unless it is there.
pub(crate) fn checkpoint(folder: &Path) -> Result<(), Failure> {
    let (target, unfinished) = (folder.join("checkpoint"), folder.join("unfinished-checkpoint"));
    if !target.exists() {
        write_checkpoint(&unfinished, Shape::RUGPT3_SMALL, 1)?;
        std::fs::rename(unfinished, target)?;
    }
    Ok(())
}

/// Packs it for our own engine, where that isn't done: the peers' files are converted beforehand, too.
pub(crate) fn packed(folder: &Path) -> Result<(), Failure> {
    let engine = Engine::start(EngineConfig { cache: Some(folder.join("packed")), ..EngineConfig::default() })?;
    for precision in [Precision::Int8, Precision::F32] {
        let model = engine.load(&folder.join("checkpoint"), precision)?;
        engine.unload(&model.key());
    }
    engine.shutdown();
    Ok(())
}

/// Converts it for every peer, as far as that isn't done.
pub(crate) fn conversions(places: &Places) -> Result<(), Failure> {
    let mut command = Command::new(&places.python);
    let status = command.arg(scripts().join("convert.py")).arg(&places.folder).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("converting the checkpoint ended with {status}").into()),
        Err(error) => Err(format!("{}: {error}; `make bench` makes it", places.python.display()).into()),
    }
}
