//! Manifests, right and wrong.

use std::path::Path;

use proptest::prelude::*;

use super::{load, parse};
use crate::config::environment::Environment;
use crate::config::persona::{
    Case, CharClass, Cut, GroupAccess, LengthClass, NamesMatch, Persona, PrivateAccess, StartAt, Template, WhoMayToggle,
};
use crate::config::problem::Problems;

const TOKEN: &str = "123456789:AAExampleExampleExampleExample_-abc";

fn variables(name: &str) -> Option<String> {
    match name {
        "TOKEN" => Some(format!(" {TOKEN}\n")),
        "SAME_BOT" => Some(TOKEN.replace("abc", "xyz")),
        "NO_TOKEN" => Some("hunter2".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

fn read(text: &str) -> Result<Persona, Problems> {
    parse(Path::new("personas/p.yaml"), text, Environment::new(&variables))
}

/// A sound manifest in which lines are replaced or to which they are added.
fn minimal(more: &str) -> String {
    let mut lines: Vec<&str> = vec!["name: p", "model: { path: models/m }", "template: rudialogpt"];
    lines.retain(|line| !more.lines().any(|other| other.split(':').next() == line.split(':').next()));
    format!("{}\n{more}\n", lines.join("\n"))
}

#[test]
fn what_is_left_out_has_its_default() {
    let persona = read(&minimal("")).unwrap();
    assert_eq!(persona.display_name, "p");
    assert_eq!(persona.token, None);
    assert_eq!(persona.model.path, Path::new("personas/models/m"));
    assert_eq!(persona.model.precision.to_string(), "int8");
    assert!(persona.generation.do_sample);
    assert_eq!((persona.generation.max_new_tokens, persona.generation.top_k), (128, 50));
    assert_eq!((persona.chat_defaults.context_length, persona.chat_defaults.insanity), (4, false));
    assert_eq!(persona.who_may_toggle, WhoMayToggle::Admins);
    assert_eq!(persona.access.private, PrivateAccess::Everyone);
    assert_eq!(persona.reply.fallback, "что?");
    assert_eq!((persona.reply.start_at, persona.reply.cut), (StartAt::Beginning, Cut::Nothing));
    assert_eq!(persona.prompt.keep_chars, None);
}

#[test]
fn everything_that_is_written_arrives() {
    let persona = read(&minimal(
        "display_name: Пэ
token: { env: TOKEN }
model: { path: /abs/m, precision: f32 }
template: rudialogpt3
answer_length: \"-\"
generation: { max_new_tokens: 5, do_sample: no, temperature: 0.5, top_k: 0, top_p: 0.9, repetition_penalty: 10,
  no_repeat_ngram_size: 2, stop_strings: [\"\\n\\n\"] }
triggers: { names: [Автобус, автобус, \" Бас \"], names_match: anywhere, chance: 0.25 }
chat_defaults: { insanity: on, context_length: 50, language: en }
who_may_toggle: everyone
access: { private: [1, 2], groups: [-100], per_user_hourly: 7, per_chat_hourly: 8 }
owner: 42
prompt: { case: lower, suffix: \", а?\", keep_chars: \"а-я-\" }
reply: { start_at: first_cyrillic, cut: first_line, replace: [{ from: \"@\", to: \"\\n\" }], fallback: \" ой \" }
filter: { words: [Плохое], allow_links: true, allow_phone_numbers: true }",
    ))
    .unwrap();
    assert_eq!(persona.token.unwrap().expose(), TOKEN);
    assert_eq!(persona.model.path, Path::new("/abs/m"));
    assert_eq!(persona.template, Template::Rudialogpt3 { answer_length: LengthClass::Unbounded });
    assert!(!persona.generation.do_sample);
    assert_eq!(persona.generation.stop_strings, ["\n\n"]);
    assert_eq!((persona.generation.top_p, persona.generation.repetition_penalty), (0.9, 10.0));
    assert_eq!(persona.triggers.names, ["автобус", "бас"]);
    assert_eq!(persona.triggers.names_match, NamesMatch::Anywhere);
    assert_eq!((persona.chat_defaults.chance, persona.chat_defaults.context_length), (0.25, 50));
    assert!(matches!(&persona.access.groups, GroupAccess::Only(ids) if ids.len() == 1));
    assert_eq!(persona.owner.unwrap().0, 42);
    assert_eq!(persona.prompt.case, Case::Lower);
    assert_eq!(persona.prompt.keep_chars, Some(CharClass { ranges: vec![('а', 'я'), ('-', '-')] }));
    assert_eq!(persona.reply.replace, [("@".to_owned(), "\n".to_owned())]);
    assert_eq!(persona.reply.fallback, "ой");
    assert_eq!(persona.filter.words, ["плохое"]);
}

#[test]
fn a_custom_template_is_a_mapping() {
    let persona = read(&minimal(
        "template:\n  custom: { user_prefix: \"В: \", persona_prefix: \"О: \", separator: \"\\n\", max_turns: 3 }",
    ));
    let Template::Custom(custom) = persona.unwrap().template else { panic!("not custom") };
    assert_eq!((custom.answer_prefix.as_str(), custom.max_turns), ("О:", Some(3)));
}

#[test]
fn prompt_reply_behaves_like_the_original_by_default() {
    let persona = read(&minimal("template: prompt_reply")).unwrap();
    assert_eq!((persona.reply.start_at, persona.reply.cut), (StartAt::FirstCyrillicAfterNewline, Cut::FirstSentence));
    let class = persona.prompt.keep_chars.unwrap();
    assert!("Ёжик, 5! ".chars().all(|c| class.contains(c)) && !class.contains('a') && !class.contains('-'));
    assert_eq!(read(&minimal("template: prompt_reply\nprompt: { keep_chars: \"\" }")).unwrap().prompt.keep_chars, None);
}

/// What is added to a sound manifest, the place of the problem, and what the message must say.
const WRONG: &[(&str, &str, &str)] = &[
    ("name: Автобус", "3:7", "name: is \"Автобус\", expected 1 to 32 of a-z, 0-9, _ and -"),
    ("name: ''", "3:7", "name"),
    ("name: [a]", "3:7", "name: expected a text"),
    ("display_name: ' '", "4:15", "display_name: expected a text of 1 to 64 characters"),
    ("token: { env: UNSET }", "4:8", "the variable UNSET is not set"),
    ("token: { env: EMPTY }", "4:8", "not set"),
    ("token: { env: NO_TOKEN }", "4:8", "no bot token"),
    ("token: { credential: avtobus }", "4:8", "$CREDENTIALS_DIRECTORY is not set"),
    ("token: { credential: ../secret }", "4:8", "expected the name of a file"),
    ("token: { env: A, credential: b }", "4:8", "expected either"),
    ("token: {}", "4:8", "expected either"),
    ("token: { enw: A }", "4:10", "enw"),
    (
        "token: { env: 123456789:AAExampleExampleExampleExample_-abc }",
        "4:8",
        "expected the name of an environment variable",
    ),
    ("token: 123456789:AAExampleExampleExampleExample_-abc", "4:8", "mapping"),
    ("model: { path: '' }", "3:16", "model.path: is empty"),
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
        "4:1: colour: unknown key, expected one of name, display_name, token, model",
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

#[test]
fn scalars_are_read_as_they_are_written() {
    let persona = read(&minimal("display_name: 007\nprompt: { suffix: no }\nreply: { fallback: \"1.50\" }")).unwrap();
    assert_eq!((persona.display_name.as_str(), persona.prompt.suffix.as_str()), ("007", "no"));
    assert_eq!(persona.reply.fallback, "1.50");
    let text = minimal("display_name: &x 1.50 # a comment\nreply: { fallback: *x }\nowner: ~\ntriggers:");
    let persona = read(&text).unwrap();
    assert_eq!((persona.display_name.as_str(), persona.reply.fallback.as_str()), ("1.50", "1.50"));
    assert_eq!(persona.owner, None);
}

#[test]
fn an_optional_token_may_be_absent() {
    for source in ["env: UNSET", "credential: absent"] {
        let persona = read(&minimal(&format!("token: {{ {source}, optional: true }}"))).unwrap();
        assert_eq!(persona.token, None);
    }
}

#[test]
fn a_credential_is_read_from_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("avtobus-token"), format!("{TOKEN}\n")).unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    let lookup = move |name: &str| (name == "CREDENTIALS_DIRECTORY").then(|| path.clone());
    let text = minimal("token: { credential: avtobus-token }");
    let persona = parse(Path::new("p.yaml"), &text, Environment::new(&lookup)).unwrap();
    assert_eq!(persona.token.unwrap().expose(), TOKEN);
    let text = minimal("token: { credential: other }");
    assert!(parse(Path::new("p.yaml"), &text, Environment::new(&lookup)).is_err());
}

#[test]
fn a_folder_tells_the_problems_of_all_its_files_and_what_clashes() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("a.yaml", &minimal("token: { env: TOKEN }"));
    write("b.yml", &minimal("token: { env: SAME_BOT }"));
    write("c.yaml", &minimal("name: c\nowner: 0\ngeneration: { top_p: 7 }"));
    write("d.yaml", "name: [");
    write("notes.txt", "not a manifest");
    std::fs::write(folder.path().join("e.yaml"), [0xff, 0xfe, 0x00]).unwrap();
    let loaded = load(folder.path(), Environment::new(&variables));
    assert_eq!(loaded.personas.len(), 2);
    let told: Vec<String> = loaded.problems.0.iter().map(ToString::to_string).collect();
    let of = |file: &str| told.iter().filter(|line| line.contains(&format!("/{file}"))).count();
    assert_eq!((of("c.yaml:"), of("d.yaml:"), of("e.yaml:"), of("b.yml:")), (2, 1, 1, 2), "{told:#?}");
    assert!(told.iter().any(|line| line.contains("b.yml: token: is for the same bot as that of")), "{told:#?}");
    assert!(told.iter().all(|line| !line.contains("AAExample")));
}

#[test]
fn a_folder_without_manifests_is_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    assert!(load(folder.path(), Environment::new(&variables)).into_result().is_err());
    assert!(load(&folder.path().join("none"), Environment::new(&variables)).into_result().is_err());
}

#[test]
fn the_manifests_that_come_with_the_project_are_sound() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../personas");
    let personas = load(&folder, Environment::new(&variables)).into_result().unwrap();
    let names: Vec<_> = personas.iter().map(|persona| persona.display_name.as_str()).collect();
    assert_eq!(names, ["Автобус", "Полксон"]);
    assert_eq!(personas[0].model, personas[1].model);
    assert!(personas[0].model.path.join("config.json").exists());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}") {
        let _ = read(&text);
        let _ = read(&minimal(&text));
    }

    #[test]
    fn no_value_makes_it_panic(case in 0..WRONG.len(), value in "[-0-9a-z{}\\[\\]:,'\"&*!|>%@ .\n]{0,30}", at in 0usize..60) {
        let text = minimal(WRONG[case].0);
        let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let _ = read(&format!("{}{value}{}", &text[..at], &text[at..]));
    }
}
