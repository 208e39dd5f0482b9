//! Whatever was shown is the beginning of the reply.

use proptest::prelude::*;

use super::*;
use crate::config::persona::{Cut, StartAt};
use crate::testing::persona;

/// A persona that cuts, replaces and filters whatever can be.
fn strict() -> Persona {
    let mut persona = persona();
    persona.reply.replace = vec![("@ @".to_owned(), "\n".to_owned()), ("дед".to_owned(), "внук".to_owned())];
    persona.filter.words = vec!["ужас".to_owned(), "чёрт возьми".to_owned()];
    persona
}

/// What is shown of a text that comes in these pieces, and what becomes of the whole.
fn shown(persona: &Persona, pieces: &[&str]) -> (String, Outcome) {
    let markers = Markers::default();
    let mut flow = Flow::new(persona, &markers);
    let mut heard = String::new();
    for piece in pieces {
        heard.push_str(flow.push(piece));
    }
    assert_eq!(heard, flow.shown());
    (heard, clean(persona, &markers, &pieces.concat()))
}

#[test]
fn a_reply_is_shown_while_it_grows() {
    let (heard, _) = shown(&persona(), &["Ну ", "что ", "же ", "ты ", "молчишь", ", друг"]);
    assert_eq!(heard, "Ну что же ты");
}

#[test]
fn nothing_of_a_filtered_phrase_or_of_a_number_is_shown() {
    let (heard, outcome) = shown(&strict(), &["Да ну их всех к чёрту, ", "чёрт ", "возьми", " что же это"]);
    assert!(!heard.contains("чёрт возьми") && matches!(outcome, Outcome::Discard(_)), "{heard}");
    let (heard, _) = shown(&persona(), &["Звони вечером ", "+7 ", "912 ", "345 ", "67 89 ", "и не забудь, ладно же"]);
    assert!(!heard.contains("912"), "{heard}");
}

fn pieces() -> impl Strategy<Value = Vec<String>> {
    let piece = prop_oneof![
        "[а-яё ]{0,6}",
        "[А-Яа-яё .,!?]{1,5}",
        Just(" ужас".to_owned()),
        Just("чёрт".to_owned()),
        Just(" возьми ".to_owned()),
        Just("@ ".to_owned()),
        Just("@".to_owned()),
        Just("дед".to_owned()),
        Just("\n".to_owned()),
        Just(" +7 912".to_owned()),
        Just("345-67".to_owned()),
        Just(" (8".to_owned()),
        Just("00)".to_owned()),
        Just("https://".to_owned()),
        Just("t.me/".to_owned()),
        Just("x.ru".to_owned()),
        Just(". ru ".to_owned()),
        Just("\u{200b}".to_owned()),
        Just("\u{301}".to_owned()),
        Just("\r".to_owned()),
        "\\PC{0,4}",
    ];
    proptest::collection::vec(piece, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_was_shown_begins_the_reply(
        pieces in pieces(),
        start in prop_oneof![Just(StartAt::Beginning), Just(StartAt::FirstCyrillic), Just(StartAt::FirstCyrillicAfterNewline)],
        cut in prop_oneof![Just(Cut::Nothing), Just(Cut::FirstSentence), Just(Cut::FirstLine)],
    ) {
        let mut persona = strict();
        persona.reply.start_at = start;
        persona.reply.cut = cut;
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        let (heard, outcome) = shown(&persona, &pieces);
        match outcome {
            Outcome::Text(text) => prop_assert!(text.starts_with(&heard), "{heard:?} of {text:?}"),
            Outcome::Discard(crate::reply::Discard::FilteredWord) => {
                prop_assert!(!crate::reply::filter::has_word(&heard, &persona.filter.words), "{heard:?}");
            }
            Outcome::Discard(_) => prop_assert_eq!(heard, ""),
        }
    }
}
