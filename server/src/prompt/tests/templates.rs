use std::path::{Path, PathBuf};

use maskarad_engine::Tokenizer;

use super::{build, me, mini, persona, text, them};
use crate::prompt::Turn;
use crate::prompt::stops::stops;

fn dialog() -> Vec<Turn> {
    vec![them("Привет!"), me("Здравствуй."), them("Как дела?"), Turn::asked("Ты где?")]
}

const CUSTOM: &str = r#"template:
  custom:
    start: "<s>"
    user_prefix: "Вопрос: "
    persona_prefix: "Ответ: "
    separator: "\n"
    stop_strings: ["\n"]"#;

/// Each template with its prompt for [`dialog`].
const WRITTEN: [(&str, &str); 5] = [
    ("template: prompt_reply", "<s>PROMPT: Ты где?"),
    ("template: rudialogpt3", "|0|1|Привет!</s>|1|1|Здравствуй.</s>|0|1|Как дела?\nТы где?</s>|1|2|"),
    ("template: rudialogpt", "@@ПЕРВЫЙ@@ Привет! @@ВТОРОЙ@@ Здравствуй. @@ПЕРВЫЙ@@ Как дела?\nТы где? @@ВТОРОЙ@@"),
    ("template: continuation", "Привет!\nЗдравствуй.\nКак дела?\nТы где?"),
    (CUSTOM, "<s>Вопрос: Привет!\nОтвет: Здравствуй.\nВопрос: Как дела?\nТы где?\nОтвет:"),
];

#[test]
fn each_template_is_written_as_its_checkpoints_were_trained() {
    for (manifest, expected) in WRITTEN {
        assert_eq!(text(&persona(manifest), &dialog()), expected, "{manifest}");
    }
}

#[test]
fn harmless_text_is_encoded_as_one_string() {
    let tokenizer = mini();
    for (manifest, expected) in WRITTEN {
        let ids = build(&persona(manifest), tokenizer, &dialog(), 500).unwrap();
        assert_eq!(ids, tokenizer.encode(expected).unwrap(), "{manifest}");
    }
}

#[test]
fn ids_on_the_demo_checkpoint_are_those_of_hugging_face() {
    let ids = build(&persona("template: rudialogpt"), mini(), &[Turn::asked("Доктор, что со мной?")], 500).unwrap();
    assert_eq!(ids, [8190, 1101, 16, 333, 759, 1112, 35, 225, 8191]);
}

#[test]
fn prompts_on_the_real_tokenizer_are_those_of_its_checkpoints() {
    let Some(folder) = rugpt3() else { return eprintln!("skipped: no ../shared/tokenizers here") };
    let plain = Tokenizer::from_folder(&folder.join("rugpt3")).unwrap().unwrap();
    let with_markers = with_added_tokens(&folder);
    let tokenizer_of = |manifest: &str| if manifest.ends_with("rudialogpt") { &with_markers } else { &plain };
    let mut snapshot = String::new();
    for (manifest, expected) in WRITTEN {
        let tokenizer = tokenizer_of(manifest);
        let ids = build(&persona(manifest), tokenizer, &dialog(), 2000).unwrap();
        assert_eq!(ids, tokenizer.encode(expected).unwrap(), "{manifest}");
        snapshot += &format!("{}: {ids:?}\n", manifest.lines().next().unwrap());
    }
    insta::assert_snapshot!(snapshot);
}

#[test]
fn golden_dialogs_of_rudialogpt_are_reproduced() {
    let Some(folder) = rugpt3() else { return eprintln!("skipped: no ../shared/tokenizers here") };
    let tokenizer = with_added_tokens(&folder);
    let turns = [them("привет"), me("привет!"), Turn::asked("как дела?")];
    let ids = build(&persona("template: rudialogpt"), &tokenizer, &turns, 2000).unwrap();
    assert_eq!(ids, [50257, 6129, 225, 50258, 6129, 5, 225, 50257, 428, 1101, 35, 225, 50258]);
}

/// The folder of the real tokenizers, on the machines that have it.
fn rugpt3() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/tokenizers");
    folder.exists().then_some(folder)
}

/// ruDialoGPT's tokenizer: ruGPT3's with two more tokens.
fn with_added_tokens(shared: &Path) -> Tokenizer {
    let folder = tempfile::tempdir().unwrap();
    for file in ["vocab.json", "merges.txt", "special_tokens_map.json"] {
        std::fs::copy(shared.join("rugpt3").join(file), folder.path().join(file)).unwrap();
    }
    let added = r#"{"@@ПЕРВЫЙ@@": 50257, "@@ВТОРОЙ@@": 50258}"#;
    std::fs::write(folder.path().join("added_tokens.json"), added).unwrap();
    Tokenizer::from_folder(folder.path()).unwrap().unwrap()
}

#[test]
fn length_classes_count_the_tokens_of_the_text() {
    let persona = persona("template: rudialogpt3\nanswer_length: 3");
    let class = |words: usize| text(&persona, &[Turn::asked("да ".repeat(words))])[..5].to_owned();
    let tokens = mini().token_count("да да").unwrap() - mini().token_count("да").unwrap();
    assert_eq!(tokens, 1, "each word is one token");
    let classes = [15, 16, 50, 51, 256, 257].map(class);
    assert_eq!(classes, ["|0|1|", "|0|2|", "|0|2|", "|0|3|", "|0|3|", "|0|-|"]);
    assert!(text(&persona, &[Turn::asked("да")]).ends_with("</s>|1|3|"));
}

#[test]
fn avtobus_and_polkson_of_old() {
    let persona = persona("template: prompt_reply\ngeneration: { do_sample: false, repetition_penalty: 10.0 }");
    let turns = [them("раньше"), me("было"), Turn::asked("Привет, Bus — как\nдела№ 5?)")];
    assert_eq!(text(&persona, &turns), "<s>PROMPT: Привет,   как дела 5?");
}

#[test]
fn the_2ch_bot() {
    let persona = persona(
        r#"
template: { custom: { separator: "</s>", answer_prefix: "|1|2|", max_turns: 1 } }
prompt: { case: lower, suffix: ", a?" }
generation: { max_new_tokens: 48, repetition_penalty: 10 }
triggers: { chance: 0.1 }"#,
    );
    assert_eq!(text(&persona, &[them("раньше"), Turn::asked("Анон, ты ГДЕ")]), "анон, ты где, a?</s>|1|2|");
}

#[test]
fn the_nlp_telegram_bot() {
    let persona = persona("template: rudialogpt\nchat_defaults: { context_length: 2 }\ntriggers: { names: [Тимоха] }");
    let turns = [them("Привет"), me("привет!"), Turn::asked("как дела?")];
    assert_eq!(text(&persona, &turns), "@@ПЕРВЫЙ@@ Привет @@ВТОРОЙ@@ привет! @@ПЕРВЫЙ@@ как дела? @@ВТОРОЙ@@");
}

#[test]
fn bugurts() {
    let persona = persona(
        "template: continuation\nprompt: { case: upper }\nreply: { replace: [{ from: '@', to: \"\\n\" }] }\nchat_defaults: { context_length: 0 }",
    );
    assert_eq!(text(&persona, &[Turn::asked("сидишь дома @ скучаешь")]), "СИДИШЬ ДОМА @ СКУЧАЕШЬ");
}

#[test]
fn a_reply_ends_where_the_other_speaker_begins() {
    let tokenizer = mini();
    let of = |manifest: &str| stops(&persona(manifest).template, tokenizer);
    assert_eq!(of("template: rudialogpt").eos_token_ids, [2, 8190]);
    assert_eq!(of("template: prompt_reply").eos_token_ids, [2, 1]);
    assert_eq!(of("template: rudialogpt3").stop_strings, ["|0|"]);
    assert_eq!(of("template: continuation").stop_strings, [""; 0]);
    assert_eq!(of(CUSTOM).stop_strings, ["\n", "Вопрос:"]);
}
