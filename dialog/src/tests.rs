//! Prompts as each template writes them, fitted into the window, and proof against forgery.

mod fit;
mod forgery;
mod lessons;
mod templates;

use std::path::Path;
use std::sync::LazyLock;

use maskarad_engine::Tokenizer;

use crate::{
    CharClass, CustomTemplate, Format, LengthClass, Markers, PromptError, PromptRules, Side, Template, Turn, Writer,
};

/// A template with its own rules.
fn format(template: Template) -> Format {
    Format::of(template)
}

fn custom(parts: CustomTemplate) -> Format {
    format(Template::Custom(parts))
}

fn rudialogpt3() -> Format {
    format(Template::Rudialogpt3 { answer_length: LengthClass::Medium })
}

/// The same, but these characters stay.
fn keeping(format: Format, chars: &str) -> Format {
    let keep_chars = Some(CharClass::parse(chars).unwrap()).filter(|class| !class.ranges.is_empty());
    Format { rules: PromptRules { keep_chars, ..format.rules }, ..format }
}

/// Questions and answers on lines of their own.
fn questions() -> Format {
    custom(CustomTemplate {
        start: "<s>".to_owned(),
        user_prefix: "Вопрос: ".to_owned(),
        persona_prefix: "Ответ: ".to_owned(),
        separator: "\n".to_owned(),
        answer_prefix: "Ответ:".to_owned(),
        stop_strings: vec!["\n".to_owned()],
        max_turns: None,
    })
}

/// The tokenizer of the demo checkpoint, which has the markers of `rudialogpt`.
fn mini() -> &'static Tokenizer {
    static MINI: LazyLock<Tokenizer> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../personas/models/mini-ru");
        Tokenizer::from_folder(&folder).unwrap().unwrap()
    });
    &MINI
}

fn build(format: &Format, tokenizer: &Tokenizer, turns: &[Turn], budget: usize) -> Result<Vec<u32>, PromptError> {
    let markers = Markers::new(&format.template, tokenizer);
    crate::build(&Writer::new(&format.template, &format.rules, tokenizer, &markers), turns, budget)
}

/// The prompt's text, with a window that everything fits.
fn text(format: &Format, turns: &[Turn]) -> String {
    let tokenizer = mini();
    tokenizer.decode(&build(format, tokenizer, turns, 100_000).unwrap(), false)
}

fn them(text: &str) -> Turn {
    Turn::earlier(Side::Others, text)
}

fn me(text: &str) -> Turn {
    Turn::earlier(Side::Persona, text)
}
