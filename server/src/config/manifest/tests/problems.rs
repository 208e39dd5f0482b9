//! What is told of manifests that are wrong.

use super::{minimal, read};

/// What is added to a sound manifest, the place of the problem, and what the message must say.
pub(super) const WRONG: &[(&str, &str, &str)] = &[
    ("name: Автобус", "3:7", "name: is \"Автобус\", expected 1 to 32 of a-z, 0-9, _ and -"),
    ("name: ''", "3:7", "name"),
    ("name: [a]", "3:7", "name: expected a text"),
    ("display_name: ' '", "4:15", "display_name: expected a text of 1 to 64 characters"),
    ("token: { env: UNSET }", "4:8", "the variable UNSET is not set"),
    ("token: { env: EMPTY }", "4:8", "not set"),
    ("token: { env: NO_TOKEN }", "4:8", "no bot token"),
    ("token: { credential: avtobus }", "4:8", "$CREDENTIALS_DIRECTORY is not set"),
    ("token: { credential: ../secret }", "4:8", "expected the name of a file"),
    ("token: { env: A, credential: b }", "4:8", "expected one of"),
    ("token: {}", "4:8", "expected one of"),
    ("token: { enw: A }", "4:10", "enw"),
    (
        "token: { env: 123456789:AAExampleExampleExampleExample_-abc }",
        "4:8",
        "expected the name of an environment variable",
    ),
    ("token: 123456789:AAExampleExampleExampleExample_-abc", "4:8", "mapping"),
    ("model: { path: '' }", "3:16", "model.path: is empty"),
    ("model: { path: m, adapter: ' ' }", "3:28", "model.adapter: is empty"),
    ("model: { path: m, precision: int4 }", "3:30", "expected f32 or int8"),
    ("model: {}", "3:8", "path"),
    ("model: m", "3:8", "model: expected a mapping"),
    ("template: rugpt", "3:11", "rudialogpt"),
    ("template: { custom: { prefix: x } }", "3:23", "prefix"),
    ("template: { custom: { max_turns: 0 } }", "3:34", "from 1 to 51"),
    ("template: { custom: { stop_strings: [''] } }", "3:38", "is empty"),
    ("answer_length: 2", "4:16", "belongs to `template: rudialogpt3` only"),
    ("template: rudialogpt3\nanswer_length: 4", "4:16", "expected 1 (to 15 tokens)"),
    (
        "generation: { max_new_tokens: 129 }",
        "4:31",
        "generation.max_new_tokens: is 129, expected a whole number from 1 to 128",
    ),
    ("generation: { max_new_tokens: 0 }", "4:31", "from 1 to 128"),
    ("generation: { max_new_tokens: many }", "4:31", "max_new_tokens: expected a whole number"),
    ("generation: { temperature: 0 }", "4:28", "above 0"),
    ("generation: { temperature: .nan }", "4:28", "above 0"),
    ("generation: { top_k: -1 }", "4:22", "from 0"),
    ("generation: { top_p: 1.5 }", "4:22", "generation.top_p: is 1.5, expected a number above 0 and at most 1"),
    ("generation: { top_p: 0 }", "4:22", "above 0"),
    ("generation: { repetition_penalty: -2 }", "4:35", "above 0"),
    ("generation: { no_repeat_ngram_size: 999 }", "4:37", "from 0 to 128"),
    ("generation: { do_sample: perhaps }", "4:26", "do_sample: expected true or false"),
    ("generation: { stop_strings: [''] }", "4:30", "is empty"),
    ("generation: { max_length: 128 }", "4:15", "max_length"),
    ("generation: { seed: 1 }", "4:15", "seed"),
    ("triggers: { names: ['!'] }", "4:21", "no letter or digit"),
    ("triggers: { names: автобус }", "4:20", "names: expected a list"),
    ("triggers: { names_match: middle }", "4:26", "edges"),
    ("triggers: { chance: 2 }", "4:21", "triggers.chance: is 2, expected a probability from 0.0 to 1.0"),
    ("chat_defaults: { context_length: 51 }", "4:34", "from 0 to 50"),
    ("chat_defaults: { language: de }", "4:28", "ru"),
    ("chat_defaults: { insanity: 2 }", "4:28", "insanity: expected true or false"),
    ("who_may_toggle: nobody", "4:17", "admins"),
    ("access: { private: friends }", "4:20", "expected everyone, nobody or a list"),
    ("access: { private: [-5] }", "4:20", "-5 is no person's id"),
    ("access: { groups: nobody }", "4:19", "expected everyone or a list"),
    ("access: { groups: [5] }", "4:19", "5 is no group's id"),
    ("access: { groups: { a: 1 } }", "4:19", "list of ids"),
    ("access: { per_user_hourly: 0 }", "4:28", "from 1"),
    ("access: { per_chat_hourly: -1 }", "4:28", "from 1"),
    ("owner: -3", "4:8", "owner: -3 is no person's id"),
    ("owner: '@me'", "4:8", "owner: expected a whole number"),
    ("prompt: { case: title }", "4:17", "lower"),
    ("prompt: { keep_chars: я-а }", "4:23", "the wrong way round"),
    ("reply: { start_at: end }", "4:20", "beginning"),
    ("reply: { cut: half }", "4:15", "first_sentence"),
    ("reply: { replace: [{ from: '', to: x }] }", "4:28", "is empty"),
    ("reply: { fallback: '' }", "4:20", "expected a text"),
    ("filter: { words: ['...'] }", "4:19", "is no word"),
    ("filter: { allow_links: 7 }", "4:24", "allow_links: expected true or false"),
    ("colour: red", "4:1", "colour"),
    ("name: p\nname: q", "4:1", "the key name stands here twice"),
    ("triggers: { names: [a", "", ""),
];

#[test]
fn each_wrong_field_is_told_with_its_place_and_its_mend() {
    let mut wrong = String::new();
    for (more, place, expected) in WRONG {
        let text = minimal(more);
        let problems = read(&text).err().unwrap_or_default();
        let told = problems.to_string();
        let is_it = |told: &str| told.starts_with(&format!("personas/p.yaml:{place}")) && told.contains(expected);
        let found = problems.0.iter().any(|problem| is_it(&problem.to_string()));
        if !found || told.contains("AAExample") || told.contains("hunter2") {
            wrong += &format!("{more:?} at {place}, {expected:?}:\n{told}\n\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_line_at_fault_is_shown_with_a_caret() {
    let problems = read(&minimal("generation:\n  top_p: 1.5")).unwrap_err();
    insta::assert_snapshot!(problems.to_string(), @r"
    personas/p.yaml:5:10: generation.top_p: is 1.5, expected a number above 0 and at most 1
        5 |   top_p: 1.5
          |          ^
    ");
}

#[test]
fn a_missing_key_is_named() {
    let told = read("name: p\ntemplate: rudialogpt\n").unwrap_err().to_string();
    assert!(told.contains("model.path: is missing"), "{told}");
    let told = read("").unwrap_err().to_string();
    assert!(told.starts_with("personas/p.yaml") && told.matches("is missing").count() == 3, "{told}");
}

#[test]
fn all_problems_of_a_file_are_told_at_once_in_its_order() {
    let text = minimal(
        "colour: red
display_name: [a]
generation: { top_p: 2, top_k: many, tempo: 1 }
triggers: { names: [ok, [a], '!'] }
owner: 0",
    );
    let told: Vec<String> = read(&text).unwrap_err().0.iter().map(ToString::to_string).collect();
    let expected = [
        "4:1: colour: unknown key, expected one of name, display_name, token, updates, model",
        "5:15: display_name: expected a text",
        "6:22: generation.top_p: is 2, expected a number above 0",
        "6:32: generation.top_k: expected a whole number",
        "6:38: generation.tempo: unknown key, expected one of max_new_tokens, do_sample",
        "7:25: triggers.names: expected a text",
        "7:30: triggers.names: \"!\" has no letter or digit",
        "8:8: owner: 0 is no person's id",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(&format!("personas/p.yaml:{expected}")), "{told}");
    }
}
