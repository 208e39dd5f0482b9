//! What the tests share: where things are, and short ways to ask for something.

use std::path::{Path, PathBuf};

use maskarad_engine::{
    Engine, EngineConfig, Event, Finished, Generation, GenerationConfig, InstructionSet, LoadedModel, Precision,
    Request,
};

/// Something in the data beside the repository, where that is there.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    if shared.is_dir() {
        return Some(shared.join(path));
    }
    println!("skipped: ../shared not found");
    None
}

/// Something in this crate's own test data.
pub(crate) fn own(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(path)
}

pub(crate) fn folders(path: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<_> =
        std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

pub(crate) fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// What tests' engines may use. `MASKARAD_TEST_INSTRUCTION_SET` forces a set on all of them.
pub(crate) fn config() -> EngineConfig {
    let set = std::env::var("MASKARAD_TEST_INSTRUCTION_SET").ok();
    EngineConfig {
        threads: 2,
        instruction_set: set.map(|set| set.parse().expect("a set that there is")),
        ..EngineConfig::default()
    }
}

pub(crate) fn engine() -> Engine {
    Engine::start(config()).unwrap()
}

/// An engine for each instruction set of this machine.
pub(crate) fn engines() -> impl Iterator<Item = (InstructionSet, Engine)> {
    let sets = InstructionSet::ALL.into_iter().filter(|set| set.is_available());
    sets.map(|set| (set, Engine::start(EngineConfig { instruction_set: Some(set), ..config() }).unwrap()))
}

/// Copies a checkpoint's files to a place where a test may change them.
pub(crate) fn copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        // Written anew, since the data is read-only.
        std::fs::write(to.path().join(path.file_name().unwrap()), std::fs::read(&path).unwrap()).unwrap();
    }
    to
}

pub(crate) fn request(model: &LoadedModel, prompt: &[u32], generation: GenerationConfig) -> Request {
    Request { model: model.key(), prompt: prompt.to_vec(), generation, want_logits: false }
}

/// Waits for the end of a request, and checks on the way that its events agree with its result.
pub(crate) fn finish(mut generation: Generation) -> Finished {
    let (mut ids, mut text) = (Vec::new(), String::new());
    loop {
        match generation.blocking_next().expect("a request has an end") {
            Event::Token { id, text: piece } => {
                ids.push(id);
                text.push_str(&piece);
            }
            Event::Finished(finished) => {
                assert_eq!(ids, finished.ids);
                assert_eq!(finished.text.as_deref().unwrap_or_default(), text);
                assert_eq!(finished.timings.generated_tokens, ids.len());
                assert_eq!(finished.timings.prompt_ms > 0.0, !ids.is_empty());
                return finished;
            }
            Event::Failed(error) => panic!("{error}"),
        }
    }
}

pub(crate) fn generate(engine: &Engine, model: &LoadedModel, prompt: &[u32], generation: GenerationConfig) -> Finished {
    finish(engine.generate(request(model, prompt, generation)).unwrap())
}

pub(crate) fn load(engine: &Engine, folder: &Path, precision: Precision) -> LoadedModel {
    engine.load(folder, precision).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn max_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}
