use proptest::prelude::*;

use super::{build, custom, format, keeping, me, mini, rudialogpt3, text, them};
use crate::{CustomTemplate, Format, PromptError, Template, Turn};

/// All that need no more words.
fn formats() -> [Format; 4] {
    [format(Template::PromptReply), rudialogpt3(), format(Template::Rudialogpt), format(Template::Continuation)]
}

#[test]
fn the_oldest_messages_go_first() {
    let (format, tokenizer) = (format(Template::Rudialogpt), mini());
    let turns: Vec<Turn> = (0..40)
        .flat_map(|n| [them(&format!("вопрос {n}")), me(&format!("ответ {n}"))])
        .chain([Turn::asked("и что?")])
        .collect();
    for budget in [12, 40, 41, 42, 43, 100, 333] {
        let ids = build(&format, tokenizer, &turns, budget).unwrap();
        let whole = text(&format, &turns);
        let kept = tokenizer.decode(&ids, false);
        assert!(ids.len() <= budget && whole.ends_with(&kept), "{budget}: {kept}");
        assert!(kept.ends_with("и что? @@ВТОРОЙ@@"), "{kept}");
        // One message more would not have fitted.
        let messages = kept.matches("@@").count() / 2 - 1;
        let more = &turns[turns.len() - messages - 1..];
        assert!(tokenizer.encode(&text(&format, more)).unwrap().len() > budget);
    }
}

#[test]
fn a_newest_turn_that_is_too_long_keeps_its_end() {
    let (format, tokenizer) = (format(Template::Rudialogpt), mini());
    let long: String = (0..2000).map(|n| format!("слово{n} ")).collect();
    let turns = [them("раньше"), Turn::asked("начало"), Turn::asked(long)];
    let ids = build(&format, tokenizer, &turns, 384).unwrap();
    assert!((375..=384).contains(&ids.len()));
    let kept = tokenizer.decode(&ids, false);
    assert!(kept.starts_with("@@ПЕРВЫЙ@@ ") && kept.ends_with("слово1999 @@ВТОРОЙ@@"), "{kept}");
}

#[test]
fn four_thousand_emoji_fit_by_their_end() {
    let tokenizer = mini();
    for format in formats().map(|format| keeping(format, "")) {
        for emoji in ["😀", "👨‍👩‍👧‍👦", "🇷🇺"] {
            let ids = build(&format, tokenizer, &[Turn::asked(emoji.repeat(4096))], 384).unwrap();
            assert!((340..=384).contains(&ids.len()), "{format:?}: {}", ids.len());
            let text = tokenizer.decode(&ids, false);
            assert!(text.contains(emoji) && !text.contains('\u{fffd}'), "{text}");
        }
    }
}

#[test]
fn one_endless_grapheme_is_cut_within() {
    let turn = Turn::asked(format!("а{}", "\u{301}".repeat(4000)));
    let ids = build(&format(Template::Continuation), mini(), &[turn], 100).unwrap();
    assert!((90..=100).contains(&ids.len()));
}

#[test]
fn a_template_without_room_for_text_says_so() {
    let start = "очень длинное начало для такого маленького окна".to_owned();
    let format = custom(CustomTemplate { start, ..CustomTemplate::default() });
    let error = build(&format, mini(), &[Turn::asked("а")], 5).unwrap_err();
    assert!(matches!(error, PromptError::NoRoom { budget: 5, .. }), "{error}");
}

#[test]
fn nothing_left_to_say_is_still_a_prompt() {
    assert_eq!(text(&format(Template::PromptReply), &[Turn::asked("lol")]), "<s>PROMPT: ");
    assert_eq!(text(&format(Template::Rudialogpt), &[]), "@@ПЕРВЫЙ@@  @@ВТОРОЙ@@");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_prompt_fits(texts in prop::collection::vec("(\\PC|[а-я .,]|😀|@@ПЕРВЫЙ@@|</s>|\\|0\\|1\\|){0,80}", 0..6), budget in 24usize..200) {
        let tokenizer = mini();
        let turns: Vec<Turn> = texts.iter().map(|text| them(text)).chain([Turn::asked(texts.concat())]).collect();
        for format in formats() {
            let ids = build(&format, tokenizer, &turns, budget).unwrap();
            prop_assert!(ids.len() <= budget);
        }
    }
}
