use std::path::{Path, PathBuf};

use maskarad_engine::Tokenizer;

use super::{build, format, me, mini, questions, rudialogpt3, text, them};
use crate::{Format, LengthClass, Template, Turn, stops};

fn dialog() -> Vec<Turn> {
    vec![them("Привет!"), me("Здравствуй."), them("Как дела?"), Turn::asked("Ты где?")]
}

/// Each template with its prompt for [`dialog`].
fn written() -> [(&'static str, Format, &'static str); 5] {
    [
        ("template: prompt_reply", format(Template::PromptReply), "<s>PROMPT: Ты где?"),
        (
            "template: rudialogpt3",
            rudialogpt3(),
            "|0|1|Привет!</s>|1|1|Здравствуй.</s>|0|1|Как дела?\nТы где?</s>|1|2|",
        ),
        (
            "template: rudialogpt",
            format(Template::Rudialogpt),
            "@@ПЕРВЫЙ@@ Привет! @@ВТОРОЙ@@ Здравствуй. @@ПЕРВЫЙ@@ Как дела?\nТы где? @@ВТОРОЙ@@",
        ),
        ("template: continuation", format(Template::Continuation), "Привет!\nЗдравствуй.\nКак дела?\nТы где?"),
        ("template:", questions(), "<s>Вопрос: Привет!\nОтвет: Здравствуй.\nВопрос: Как дела?\nТы где?\nОтвет:"),
    ]
}

#[test]
fn each_template_is_written_as_its_checkpoints_were_trained() {
    for (name, format, expected) in written() {
        assert_eq!(text(&format, &dialog()), expected, "{name}");
    }
}

#[test]
fn harmless_text_is_encoded_as_one_string() {
    let tokenizer = mini();
    for (name, format, expected) in written() {
        let ids = build(&format, tokenizer, &dialog(), 500).unwrap();
        assert_eq!(ids, tokenizer.encode(expected).unwrap(), "{name}");
    }
}

#[test]
fn ids_on_the_demo_checkpoint_are_those_of_hugging_face() {
    let ids = build(&format(Template::Rudialogpt), mini(), &[Turn::asked("Доктор, что со мной?")], 500).unwrap();
    assert_eq!(ids, [8190, 1101, 16, 333, 759, 1112, 35, 225, 8191]);
}

#[test]
fn prompts_on_the_real_tokenizer_are_those_of_its_checkpoints() {
    let Some(folder) = rugpt3() else { return eprintln!("skipped: no ../shared/tokenizers here") };
    let plain = Tokenizer::from_folder(&folder.join("rugpt3")).unwrap().unwrap();
    let with_markers = with_added_tokens(&folder);
    let tokenizer_of = |name: &str| if name.ends_with("rudialogpt") { &with_markers } else { &plain };
    let mut snapshot = String::new();
    for (name, format, expected) in written() {
        let tokenizer = tokenizer_of(name);
        let ids = build(&format, tokenizer, &dialog(), 2000).unwrap();
        assert_eq!(ids, tokenizer.encode(expected).unwrap(), "{name}");
        snapshot += &format!("{name}: {ids:?}\n");
    }
    insta::assert_snapshot!(snapshot);
}

#[test]
fn golden_dialogs_of_rudialogpt_are_reproduced() {
    let Some(folder) = rugpt3() else { return eprintln!("skipped: no ../shared/tokenizers here") };
    let tokenizer = with_added_tokens(&folder);
    let turns = [them("привет"), me("привет!"), Turn::asked("как дела?")];
    let ids = build(&format(Template::Rudialogpt), &tokenizer, &turns, 2000).unwrap();
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
    let format = format(Template::Rudialogpt3 { answer_length: LengthClass::Long });
    let class = |words: usize| text(&format, &[Turn::asked("да ".repeat(words))])[..5].to_owned();
    let tokens = mini().token_count("да да").unwrap() - mini().token_count("да").unwrap();
    assert_eq!(tokens, 1, "each word is one token");
    let classes = [15, 16, 50, 51, 256, 257].map(class);
    assert_eq!(classes, ["|0|1|", "|0|2|", "|0|2|", "|0|3|", "|0|3|", "|0|-|"]);
    assert!(text(&format, &[Turn::asked("да")]).ends_with("</s>|1|3|"));
}

#[test]
fn a_reply_ends_where_the_other_speaker_begins() {
    let tokenizer = mini();
    let of = |format: Format| stops(&format.template, tokenizer);
    assert_eq!(of(format(Template::Rudialogpt)).eos_token_ids, [2, 8190]);
    assert_eq!(of(format(Template::PromptReply)).eos_token_ids, [2, 1]);
    assert_eq!(of(rudialogpt3()).stop_strings, ["|0|"]);
    assert_eq!(of(format(Template::Continuation)).stop_strings, [""; 0]);
    assert_eq!(of(questions()).stop_strings, ["\n", "Вопрос:"]);
}
