//! All targets by name.

mod adapter;
mod checkpoint;
mod command;
mod config;
mod foreign;
mod import;
mod manifest;
mod prompt;
mod settings;
mod tokenizer;
mod update;

pub(crate) use checkpoint::archive;

/// One kind of input.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: of the libFuzzer binary, and of the folder of its corpus.
    pub name: &'static str,
    /// Tries one input; panics where a promise is broken.
    pub run: fn(&[u8]),
    /// Words that such input is made of.
    pub words: &'static [&'static str],
}

/// Every target.
pub const TARGETS: [Target; 19] = [
    update::TARGET,
    command::TARGET,
    prompt::TARGET,
    manifest::TARGET,
    settings::TARGET,
    config::TARGET,
    checkpoint::SAFETENSORS,
    checkpoint::TORCH,
    adapter::CONFIG,
    adapter::WEIGHTS,
    tokenizer::JSON,
    tokenizer::VOCABULARY,
    foreign::BOARD,
    foreign::PLAIN,
    foreign::DIALOGUES,
    foreign::UTTERANCES,
    foreign::TABLE,
    import::TELEGRAM_JSON,
    import::TELEGRAM_HTML,
];

impl Target {
    /// The target of this name.
    pub fn named(name: &str) -> Option<Self> {
        TARGETS.into_iter().find(|target| target.name == name)
    }
}
