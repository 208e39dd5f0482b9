//! Manifests, right and wrong.

mod problems;
mod schema;

use std::path::Path;

use proptest::prelude::*;

use self::problems::WRONG;
use super::{load, parse};
use crate::config::environment::Environment;
use crate::config::persona::{
    Case, CharClass, Cut, GroupAccess, LengthClass, NamesMatch, Persona, PrivateAccess, StartAt, Template, Updates,
    WhoMayToggle,
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

/// As the daemon reads it. Whatever it accepts the schema must accept, too.
fn read(text: &str) -> Result<Persona, Problems> {
    let persona = parse(Path::new("personas/p.yaml"), text, Environment::new(&variables));
    if persona.is_ok() {
        assert_eq!(schema::refusals(text), [""; 0], "the schema refuses what the daemon accepts:\n{text}");
    }
    persona
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
    assert_eq!(persona.updates, Updates::Polling);
    assert_eq!(persona.model.path, Path::new("personas/models/m"));
    assert_eq!(persona.model.precision.to_string(), "int8");
    assert_eq!(persona.model.adapter, None);
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
updates: webhook
model: { path: /abs/m, adapter: adapters/a, precision: f32 }
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
    assert_eq!(persona.updates, Updates::Webhook);
    assert_eq!(persona.model.path, Path::new("/abs/m"));
    assert_eq!(persona.model.adapter.as_deref(), Some(Path::new("personas/adapters/a")));
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
fn a_token_file_lies_beside_its_manifest_and_is_nobody_elses() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let (manifest, token) = (folder.path().join("p.yaml"), folder.path().join("token"));
    let parsed = |text: &str| parse(&manifest, &minimal(text), Environment::new(&variables));
    assert_eq!(parsed("token: { file: token, optional: true }").unwrap().token, None);
    assert!(parsed("token: { file: token }").unwrap_err().to_string().contains("token.file"));
    std::fs::write(&token, format!("{TOKEN}\n")).unwrap();
    for (mode, sound) in [(0o600, true), (0o640, true), (0o644, false)] {
        std::fs::set_permissions(&token, std::fs::Permissions::from_mode(mode)).unwrap();
        match parsed("token: { file: token }") {
            Ok(persona) => assert!(sound && persona.token.unwrap().expose() == TOKEN),
            Err(problems) => assert!(!sound && problems.to_string().contains("readable by everybody"), "{problems}"),
        }
    }
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
    let [avtobus, polkson] = [&personas[0].model, &personas[1].model];
    assert_eq!((&avtobus.path, avtobus.precision), (&polkson.path, polkson.precision), "they stand on one base");
    assert_ne!(avtobus.adapter, polkson.adapter);
    assert!(avtobus.path.join("config.json").exists());
    let adapters = [avtobus, polkson].map(|model| model.adapter.as_ref().unwrap().join("adapter_config.json"));
    assert!(adapters.iter().all(|adapter| adapter.exists()));
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
