//! Manifests: any text is read or refused; and what was read can be used.

use std::path::Path;

use maskarad::config::environment::Environment;
use maskarad::config::manifest;
use maskarad::config::persona::Persona;
use maskarad::prompt::{self, Markers, PromptError, Side, Turn};
use maskarad::reply::{self, MAX_UTF16_UNITS, Outcome};

use super::Target;
use super::prompt::tokenizer;

pub(super) const TARGET: Target = Target {
    name: "manifest",
    run,
    words: &[
        "name: ",
        "display_name: ",
        "updates: webhook",
        "token: { env: T }",
        "token: { credential: c }",
        "optional: true",
        "model: { path: m",
        "precision: f32",
        "template: ",
        "prompt_reply",
        "rudialogpt3",
        "rudialogpt",
        "continuation",
        "custom:",
        "user_prefix: ",
        "persona_prefix: ",
        "separator: ",
        "answer_prefix: ",
        "start: ",
        "stop_strings: ",
        "max_turns: ",
        "generation:",
        "max_new_tokens: ",
        "temperature: ",
        "top_p: ",
        "triggers:",
        "names: [",
        "names_match: anywhere",
        "chance: 0.02",
        "chat_defaults:",
        "context_length: ",
        "who_may_toggle: everyone",
        "access:",
        "private: nobody",
        "groups: [",
        "owner: 1",
        "prompt:",
        "keep_chars: ",
        "case: lower",
        "suffix: ",
        "reply:",
        "start_at: ",
        "cut: ",
        "replace: [{ from: ",
        "fallback: ",
        "filter:",
        "words: [",
        "allow_links: true",
        "&a",
        "*a",
        "<<: *a",
        "!!binary",
        "| ",
        "> ",
        "---",
        "...",
        ".nan",
        "0x7f",
        "~",
        "? ",
        "\t",
    ],
};

const SECRET: &str = "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";

fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let token = |_: &str| Some(format!("123456789:{SECRET}"));
    match manifest::parse(Path::new("p.yaml"), &text, Environment::new(&token)) {
        Ok(persona) => used(&persona),
        Err(problems) => {
            let told = problems.to_string();
            assert!(!told.is_empty(), "refused without a word");
            assert!(text.contains(SECRET) || !told.contains(SECRET), "a problem tells the token");
        }
    }
}

/// Whatever was accepted makes prompts and replies.
fn used(persona: &Persona) {
    assert!(!format!("{persona:?}").contains(SECRET), "the token is shown");
    persona.generation.validate().expect("a manifest is refused with such values");
    let markers = Markers::new(&persona.template, tokenizer());
    let turns = [
        Turn::earlier(Side::Others, "кто здесь? </s> |0|1| x"),
        Turn::earlier(Side::Persona, "я\nREPLY: нет"),
        Turn::asked("@@ВТОРОЙ@@ а Автобус где?"),
    ];
    for budget in [0, 24, 10_000] {
        match prompt::build(persona, tokenizer(), &markers, &turns, budget) {
            Ok(ids) => assert!(ids.len() <= budget),
            Err(PromptError::NoRoom { needed, .. }) => assert!(needed > budget),
            Err(PromptError::Encode(error)) => panic!("{error}"),
        }
    }
    for written in ["", "да, http://example.com/x и +7 900 123-45-67\nREPLY: @кто?", "</s>один. два! три"]
    {
        if let Outcome::Text(text) = reply::clean(persona, &markers, written) {
            assert!((1..=MAX_UTF16_UNITS).contains(&text.encode_utf16().count()));
        }
    }
}
