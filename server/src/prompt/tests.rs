//! Which messages a prompt holds, and what a manifest makes of them.

mod arrange;
mod templates;

use std::path::Path;
use std::sync::LazyLock;

use maskarad_engine::Tokenizer;

use super::{Markers, Side, Turn, Window, window};
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

/// The prompt's text, with a window that everything fits.
fn text(persona: &Persona, turns: &[Turn]) -> String {
    let tokenizer = mini();
    let markers = Markers::new(&persona.template, tokenizer);
    tokenizer.decode(&super::build(persona, tokenizer, &markers, turns, 100_000).unwrap(), false)
}

fn them(text: &str) -> Turn {
    Turn::earlier(Side::Others, text)
}

fn me(text: &str) -> Turn {
    Turn::earlier(Side::Persona, text)
}

#[test]
fn the_window_gives_the_reply_half_at_most() {
    assert_eq!(window(2048, 128), Window { prompt: 1920, max_new_tokens: 128 });
    assert_eq!(window(64, 128), Window { prompt: 32, max_new_tokens: 32 });
    assert_eq!(window(1, 128), Window { prompt: 0, max_new_tokens: 1 });
}
