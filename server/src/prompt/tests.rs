//! Prompts as each template writes them, fitted into the window, and proof against forgery.

mod arrange;
mod fit;
mod forgery;
mod templates;

use std::path::Path;
use std::sync::LazyLock;

use maskarad_engine::Tokenizer;

use super::{Markers, PromptError, Side, Turn};
use crate::config::environment::Environment;
use crate::config::manifest;
use crate::config::persona::Persona;

/// A persona with this in its manifest.
fn persona(manifest: &str) -> Persona {
    let text = format!("name: p\nmodel: {{ path: m }}\n{manifest}");
    manifest::parse(Path::new("p.yaml"), &text, Environment::new(&|_| None)).unwrap()
}

/// The tokenizer of the demo checkpoint, which has the markers of `rudialogpt`.
fn mini() -> &'static Tokenizer {
    static MINI: LazyLock<Tokenizer> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../personas/models/mini-ru");
        Tokenizer::from_folder(&folder).unwrap().unwrap()
    });
    &MINI
}

fn build(persona: &Persona, tokenizer: &Tokenizer, turns: &[Turn], budget: usize) -> Result<Vec<u32>, PromptError> {
    super::build(persona, tokenizer, &Markers::new(&persona.template, tokenizer), turns, budget)
}

/// The prompt's text, with a window that everything fits.
fn text(persona: &Persona, turns: &[Turn]) -> String {
    let tokenizer = mini();
    tokenizer.decode(&build(persona, tokenizer, turns, 100_000).unwrap(), false)
}

fn them(text: &str) -> Turn {
    Turn::earlier(Side::Others, text)
}

fn me(text: &str) -> Turn {
    Turn::earlier(Side::Persona, text)
}
