//! The JSON Schema of manifests beside the parser. The parser may know more, and never less.

use std::path::Path;
use std::sync::LazyLock;

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::problems::WRONG;
use super::{TOKEN, minimal, parse, variables};
use crate::config::environment::Environment;
use crate::config::manifest::{TEMPLATES, bare, schema};
use crate::config::schema::oracle;

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| oracle::validator(&schema()));

/// What is beyond a schema, as it is written in [`WRONG`]: the environment, two keys at once, arithmetic on characters.
const UNKNOWABLE: [&str; 11] = [
    "token: { env: UNSET }",
    "token: { env: EMPTY }",
    "token: { env: NO_TOKEN }",
    "token: { credential: avtobus }",
    "token: { env: A, credential: b }",
    "token: {}",
    "answer_length: 2",
    "generation: { temperature: .nan }",
    "prompt: { keep_chars: я-а }",
    "name: p\nname: q",
    "triggers: { names: [a",
];

/// A value as somebody might write it, right or wrong.
const VALUES: [&str; 40] = [
    "~",
    "''",
    "' '",
    "yes",
    "'yes'",
    "Off",
    "n",
    "true",
    "false",
    "0",
    "1",
    "-1",
    "2",
    "4",
    "50",
    "51",
    "128",
    "129",
    "'5'",
    "+5",
    "007",
    "0x10",
    "1_000",
    "1.0",
    "0.5",
    ".5",
    "1e3",
    "-0.5",
    "100.5",
    "1000001",
    "[]",
    "[1]",
    "[a, б]",
    "['', '!']",
    "{}",
    "{ custom: {} }",
    "everyone",
    "edges",
    "\"@\\n\"",
    "&a int8",
];

/// A key as somebody might write it.
const KEYS: [&str; 6] = ["name", "names", "top_p", "custom", "fallback", "language"];

/// What the schema refuses in a manifest.
pub(super) fn refusals(text: &str) -> Vec<String> {
    oracle::refusals(&VALIDATOR, text)
}

fn is_accepted_by_the_parser(text: &str) -> bool {
    parse(Path::new("personas/p.yaml"), text, Environment::new(&variables)).is_ok()
}

/// A manifest with every key.
fn full() -> Json {
    json!({
        "name": "p",
        "display_name": "Пэ",
        "token": { "env": "TOKEN", "optional": true },
        "updates": "webhook",
        "model": { "path": "m", "adapter": "a", "precision": "f32" },
        "template": { "custom": {
            "start": "<s>", "user_prefix": "a", "persona_prefix": "b", "separator": "c", "answer_prefix": "d",
            "stop_strings": ["e"], "max_turns": 3,
        } },
        "generation": {
            "max_new_tokens": 5, "do_sample": false, "temperature": 0.5, "top_k": 0, "top_p": 0.9, "repetition_penalty": 10,
            "no_repeat_ngram_size": 2, "stop_strings": ["\n\n"],
        },
        "triggers": { "names": ["автобус"], "names_match": "anywhere", "chance": 0.25 },
        "chat_defaults": { "insanity": true, "context_length": 50, "language": "en" },
        "who_may_toggle": "everyone",
        "access": { "private": [1, 2], "groups": [-100], "per_user_hourly": 7, "per_chat_hourly": 8 },
        "owner": 42,
        "prompt": { "case": "lower", "suffix": ", а?", "keep_chars": "а-я-" },
        "reply": {
            "start_at": "first_cyrillic", "cut": "first_line", "replace": [{ "from": "@", "to": "\n" }], "fallback": "ой",
        },
        "filter": { "words": ["плохое"], "allow_links": true, "allow_phone_numbers": true },
    })
}

/// Where everything in a value stands, as JSON pointers.
fn places(value: &Json, above: &str, places: &mut Vec<String>) {
    let mut place = |key: &str, value: &Json| {
        let place = format!("{above}/{key}");
        self::places(value, &place, places);
        places.push(place);
    };
    match value {
        Json::Object(entries) => entries.iter().for_each(|(key, value)| place(key, value)),
        Json::Array(items) => items.iter().enumerate().for_each(|(index, value)| place(&index.to_string(), value)),
        _ => {}
    }
}

/// The full manifest with a value in place of one that is there, beside it under another key, or without it.
fn mutated(at: usize, value: &str, beside: Option<&str>) -> String {
    let mut manifest = full();
    let mut all = Vec::new();
    places(&manifest, "", &mut all);
    let place = &all[at % all.len()];
    let (above, key) = place.rsplit_once('/').unwrap();
    match (manifest.pointer_mut(above).unwrap(), beside) {
        (Json::Object(entries), Some("")) => drop(entries.remove(key)),
        (Json::Object(entries), Some(other)) => drop(entries.insert(other.to_owned(), json!("<value>"))),
        _ => *manifest.pointer_mut(place).unwrap() = json!("<value>"),
    }
    // JSON is YAML, but for what a hand writes in it.
    manifest.to_string().replace("\"<value>\"", value)
}

#[test]
fn the_schemas_are_schemas() {
    for schema in [schema(), crate::config::workshop::schema()] {
        assert!(jsonschema::meta::validate(&schema.json()).is_ok());
    }
}

#[test]
fn the_manifests_that_come_with_the_project_are_accepted() {
    for name in ["avtobus", "polkson"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../personas/{name}.yaml"));
        let text = std::fs::read_to_string(file).unwrap();
        assert!(text.starts_with("# yaml-language-server: $schema=../docs/persona.schema.json\n"), "{name}");
        assert_eq!(refusals(&text), [""; 0], "{name}");
    }
}

#[test]
fn the_full_manifest_is_accepted_and_has_every_key() {
    let text = full().to_string();
    assert!(is_accepted_by_the_parser(&text));
    assert_eq!(refusals(&text), [""; 0]);
    let reference = schema().reference();
    let keys = reference.lines().filter_map(|line| line.split_once("# `")?.1.strip_suffix('`'));
    for key in keys.filter(|key| !matches!(*key, "answer_length" | "token.credential" | "token.file")) {
        let key =
            if key.starts_with("reply.replace.") { key.replace("replace.", "replace.0.") } else { key.to_owned() };
        assert!(full().pointer(&format!("/{}", key.replace('.', "/"))).is_some(), "{key} is not tried");
    }
}

#[test]
fn every_template_with_a_name_is_one() {
    for name in TEMPLATES {
        assert!(bare(Path::new("m"), name).is_ok(), "{name}");
    }
}

#[test]
fn the_schema_refuses_what_the_parser_refuses_as_far_as_it_can_know() {
    for (more, ..) in WRONG {
        let refused = refusals(&minimal(more));
        assert_eq!(refused.is_empty(), UNKNOWABLE.contains(more), "{more}: {refused:?}");
    }
    for missing in
        ["name: p\ntemplate: rudialogpt", "model: { path: m }\ntemplate: rudialogpt", "name: p\nmodel: { path: m }"]
    {
        assert!(!refusals(missing).is_empty() && !is_accepted_by_the_parser(missing), "{missing}");
    }
    assert!(!refusals("").is_empty());
}

#[test]
fn the_schema_tells_no_secret_and_knows_no_token() {
    assert!(!refusals(&minimal(&format!("token: {{ env: {TOKEN:?} }}"))).is_empty());
    assert!(!refusals(&minimal(&format!("token: {TOKEN:?}"))).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn what_the_schema_refuses_the_parser_refuses(
        at in 0usize..1000,
        value in prop::sample::select(VALUES.to_vec()),
        beside in prop::option::weighted(0.2, prop::sample::select([&KEYS[..], &["", "colour"]].concat())),
    ) {
        let text = mutated(at, value, beside);
        let refused = refusals(&text);
        prop_assert!(refused.is_empty() || !is_accepted_by_the_parser(&text), "{text}\n{refused:?}");
    }

    #[test]
    fn texts_are_judged_alike(text in "[ \\t_.!a-zA-ZЁ0-9²ⅷё-]{0,66}") {
        let text = json!(text);
        for key in [
            format!("name: {text}"),
            format!("display_name: {text}"),
            format!("model: {{ path: {text}, adapter: {text} }}"),
            format!("token: {{ env: {text}, optional: true }}"),
            format!("token: {{ credential: {text}, optional: true }}"),
            format!("triggers: {{ names: [{text}] }}"),
            format!("filter: {{ words: [{text}] }}"),
            format!("reply: {{ fallback: {text}, replace: [{{ from: {text}, to: {text} }}] }}"),
        ] {
            let manifest = minimal(&key);
            let (refused, accepted) = (refusals(&manifest), is_accepted_by_the_parser(&manifest));
            prop_assert_eq!(refused.is_empty(), accepted, "{}\n{:?}", manifest, refused);
        }
    }
}
