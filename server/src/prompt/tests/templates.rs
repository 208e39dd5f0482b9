use super::{me, persona, text, them};
use crate::prompt::Turn;

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
fn each_template_of_a_manifest_is_written_as_its_checkpoints_were_trained() {
    for (manifest, expected) in WRITTEN {
        assert_eq!(text(&persona(manifest), &dialog()), expected, "{manifest}");
    }
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
