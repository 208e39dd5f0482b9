//! Replies, from what a model wrote to what is sent.

use std::path::Path;
use std::sync::LazyLock;

use maskarad_engine::Tokenizer;
use proptest::prelude::*;

use super::{Discard, MAX_UTF16_UNITS, Outcome, clean};
use crate::config::environment::Environment;
use crate::config::manifest;
use crate::config::persona::Persona;
use crate::prompt::Markers;

fn persona(manifest: &str) -> Persona {
    let text = format!("name: p\nmodel: {{ path: m }}\n{manifest}");
    manifest::parse(Path::new("p.yaml"), &text, Environment::new(&|_| None)).unwrap()
}

fn outcome(manifest: &str, generated: &str) -> Outcome {
    static MINI: LazyLock<Tokenizer> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../personas/models/mini-ru");
        Tokenizer::from_folder(&folder).unwrap().unwrap()
    });
    let persona = persona(manifest);
    clean(&persona, &Markers::new(&persona.template, &MINI), generated)
}

/// The reply of a `rudialogpt` persona.
fn reply(generated: &str) -> String {
    match outcome("template: rudialogpt", generated) {
        Outcome::Text(text) => text,
        Outcome::Discard(reason) => format!("[{}]", reason.as_str()),
    }
}

#[test]
fn a_plain_reply_is_only_trimmed() {
    assert_eq!(reply(" Да нет, \"наверное\"! 😀👨‍👩‍👧 "), "Да нет, \"наверное\"! 😀👨‍👩‍👧");
    assert_eq!(reply("Раз\n\n\n\nдва   три \n"), "Раз\n\nдва три");
}

#[test]
fn remains_of_the_template_go() {
    assert_eq!(reply(" Да нет. @@ПЕРВЫЙ@@"), "Да нет.");
    assert_eq!(reply("<s>а</s>б<pad>@@ВТОРОЙ@@"), "а б");
    assert_eq!(reply("</</s>s>"), "</ s>");
    let rudialogpt3 = |text| outcome("template: rudialogpt3", text);
    assert_eq!(rudialogpt3("Ну да</s>|0|1|"), Outcome::Text("Ну да".to_owned()));
}

#[test]
fn prompt_reply_ends_like_the_original() {
    let reply = |text| outcome("template: prompt_reply", text);
    let text = |text: &str| Outcome::Text(text.to_owned());
    assert_eq!(reply("\nREPLY: Ну привет! Как дела?"), text("Ну привет!"));
    assert_eq!(reply(" дальше\nREPLY: ... , да без точки"), text("да без точки"));
    assert_eq!(reply("\nREPLY: lol 123"), Outcome::Discard(Discard::NoCyrillic));
    assert_eq!(reply("всё ещё вопрос"), Outcome::Discard(Discard::NoCyrillic));
    assert_eq!(persona("template: prompt_reply").reply.fallback, "что?");
}

#[test]
fn bugurts_are_split_into_lines() {
    let manifest =
        "template: continuation\nreply: { replace: [{ from: ' @ ', to: \"\\n\" }, { from: '@', to: \"\\n\" }] }";
    assert_eq!(outcome(manifest, " ДОМА @ СКУЧАЕШЬ@ИДЁШЬ"), Outcome::Text("ДОМА\nСКУЧАЕШЬ\nИДЁШЬ".to_owned()));
}

#[test]
fn a_reply_may_be_its_first_line_or_begin_at_a_letter() {
    let manifest = "template: rudialogpt\nreply: { cut: first_line, start_at: first_cyrillic }";
    assert_eq!(outcome(manifest, "\n - Да\nнет"), Outcome::Text("Да".to_owned()));
    let manifest = "template: rudialogpt\nreply: { cut: first_line }";
    assert_eq!(outcome(manifest, "\n\nодин\nдва"), Outcome::Text("один".to_owned()));
}

#[test]
fn nobody_is_pinged() {
    assert_eq!(reply("@durov, привет @@x и (@ivan_1)"), "durov, привет x и (ivan_1)");
    assert_eq!(reply("привет@durov,@a@b"), "приветdurov,a@b");
    assert_eq!(reply("цена @ 5, ха@ха"), "цена @ 5, ха@ха");
}

#[test]
fn links_are_cut() {
    for link in [
        "https://example.com/a?b=1#c",
        "HTTP://x",
        "tg://resolve?domain=x",
        "www.сайт.рф/путь",
        "t.me/durov",
        "ya.ru",
        "ЯНДЕКС.РФ",
        "mail@example.com",
        "sub.domain.example.co.uk:80/x",
        "127.0.0.1:8080/x",
        "mailto:a@b",
    ] {
        assert_eq!(reply(&format!("вот {link} и всё")), "вот и всё", "{link}");
        let allowed = outcome("template: rudialogpt\nfilter: { allow_links: true }", &format!("вот {link} и всё"));
        assert_eq!(allowed, Outcome::Text(format!("вот {link} и всё")));
    }
}

#[test]
fn letters_beside_them_dont_hide_links_and_numbers() {
    assert_eq!(reply("смотриhttps://a.ru и 7https://b"), "смотри и 7");
    assert_eq!(reply("тел89991234567или123-45-67да"), "тел или да");
}

#[test]
fn ordinary_dots_are_no_links() {
    for text in
        ["и т.д. и т.п.", "Да.Нет.Может быть", "в 12.30 или 3.14", "версия 1.2.3", "ну...", "файл.txt", "г.Москва"]
    {
        assert_eq!(reply(text), text);
    }
}

#[test]
fn phone_numbers_are_cut() {
    for phone in [
        "+7 (999) 123-45-67",
        "8 999 123 45 67",
        "8(495)123-45-67",
        "89991234567",
        "+79991234567",
        "7-999-123-45-67",
        "+380 44 123 45 67",
        "8–800–555–35–35",
        "(495) 123-45-67",
        "123-45-67",
        "999 123-45-67",
        "9991234567",
    ] {
        assert_eq!(reply(&format!("звони {phone}!")), "звони !", "{phone}");
        let allowed =
            outcome("template: rudialogpt\nfilter: { allow_phone_numbers: true }", &format!("звони {phone}!"));
        assert_eq!(allowed, Outcome::Text(format!("звони {phone}!")));
    }
}

#[test]
fn ordinary_numbers_stay() {
    for text in [
        "в 1945 году",
        "с 1941-1945 по 2024",
        "8 000 000 000 рублей",
        "1000000",
        "12.03.1999 в 10:30",
        "2+2=4",
        "100-200 штук",
        "7 8 9 10 11 12",
        "12-03-99",
        "80 000 000",
    ] {
        assert_eq!(reply(text), text);
    }
}

#[test]
fn filtered_words_discard_as_whole_words() {
    let manifest = "template: rudialogpt\nfilter: { words: [ёлка, 'два слова'] }";
    let discarded = |text| outcome(manifest, text) == Outcome::Discard(Discard::FilteredWord);
    assert!(discarded("Ну, ЕЛКА!") && discarded("ёлка") && discarded("тут два, слова"));
    assert!(discarded("ёл\u{200b}ка"), "what is invisible hides nothing");
    assert!(!discarded("ёлкамен") && !discarded("два других слова"));
}

#[test]
fn what_cannot_be_seen_is_empty() {
    for text in [
        "",
        " \n ",
        "\u{200b}\u{feff}",
        "\u{2800}",
        "\u{3164}\u{200d}",
        "</s>",
        "https://a.ru",
        "\u{0}\u{7}",
        "\u{fffd}",
    ] {
        assert_eq!(reply(text), "[empty]", "{text:?}");
    }
    for text in ["?", "...", "😀", ")", "/start"] {
        assert_eq!(reply(text), text);
    }
}

#[test]
fn control_characters_go() {
    assert_eq!(reply("а\u{1b}[31mб\u{202e}в\u{0}г\tд\r\nе"), "а[31mбвг д\nе");
}

#[test]
fn long_replies_are_cut_between_graphemes() {
    let family = "👨‍👩‍👧‍👦";
    let Outcome::Text(text) = outcome("template: rudialogpt", &family.repeat(1000)) else { panic!() };
    assert!(text.encode_utf16().count() <= MAX_UTF16_UNITS);
    assert_eq!(text, family.repeat(MAX_UTF16_UNITS / family.encode_utf16().count()));
    let Outcome::Text(text) = outcome("template: rudialogpt", &format!("а{}", "\u{301}".repeat(9000))) else {
        panic!()
    };
    assert_eq!(text.encode_utf16().count(), MAX_UTF16_UNITS);
}

proptest! {
    #[test]
    fn every_reply_can_be_sent(text in "(\\PC|[а-я .!?@\n]|https://|@[a-z]{3}|\\.ru|\\+7|[0-9]{3}|-|😀|</s>){0,60}") {
        let mention = regex::Regex::new(r"(^|[^A-Za-z0-9_])@[A-Za-z0-9_]").unwrap();
        for manifest in ["template: rudialogpt", "template: prompt_reply", "template: continuation\nfilter: { allow_links: true }"] {
            if let Outcome::Text(text) = outcome(manifest, &text) {
                prop_assert!(!text.trim().is_empty() && text == text.trim());
                prop_assert!(text.encode_utf16().count() <= MAX_UTF16_UNITS);
                prop_assert!(!mention.is_match(&text), "{text}");
                prop_assert!(manifest.contains("links") || !text.contains("https://a"), "{text}");
                // Cleaning what is clean changes nothing.
                if manifest == "template: rudialogpt" {
                    prop_assert_eq!(outcome(manifest, &text), Outcome::Text(text));
                }
            }
        }
    }
}
