use time::OffsetDateTime;

use crate::chat::{ChatId, ChatRef, Conversation, MessageId, PersonaName, TransportKind, UserId};
use crate::prompt::{Scene, Side, Turn, arrange};
use crate::store::{Author, HistoryMessage};

fn message(id: i64, author: Author, text: &str) -> HistoryMessage {
    let chat = ChatRef { transport: TransportKind::Telegram, id: ChatId(1), thread: None };
    let conversation = Conversation { persona: PersonaName::parse("p").unwrap(), chat };
    let sent_at = OffsetDateTime::UNIX_EPOCH;
    HistoryMessage { conversation, id: MessageId(id), author, text: text.to_owned(), sent_at, reply_to: None }
}

fn them(id: i64, text: &str) -> HistoryMessage {
    message(id, Author::Other { id: UserId(7), name: "Аня".to_owned() }, text)
}

fn me(id: i64, text: &str) -> HistoryMessage {
    message(id, Author::Persona, text)
}

fn scene(history: &[HistoryMessage], lead: i64) -> Scene<'_> {
    Scene { history, lead: MessageId(lead), lead_text: None, shared: &[], replied_to: None, context_length: 50 }
}

/// `>` before the persona's own, `?` before what is asked.
fn show(turns: &[Turn]) -> String {
    let mark = |turn: &Turn| match (turn.asked, turn.side) {
        (true, _) => "?",
        (false, Side::Persona) => ">",
        (false, Side::Others) => "",
    };
    turns.iter().map(|turn| format!("{}{}", mark(turn), turn.text)).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_context_is_the_last_messages_before_the_lead() {
    let history = [them(1, "a"), me(2, "b"), them(3, "c"), them(4, "d")];
    let with = |context_length| show(&arrange(&Scene { context_length, ..scene(&history, 4) }));
    assert_eq!(with(0), "?d");
    assert_eq!(with(2), ">b c ?d");
    assert_eq!(with(50), "a >b c ?d");
}

#[test]
fn what_others_wrote_later_is_left_out_and_own_replies_stay() {
    let history = [them(1, "a"), them(2, "b"), me(3, "to a"), them(4, "c")];
    assert_eq!(show(&arrange(&scene(&history, 2))), "a >to a ?b");
}

#[test]
fn shared_messages_stand_before_the_lead_wherever_they_were() {
    let history = [them(1, "a"), them(2, "s1"), me(3, "x"), them(4, "lead"), them(5, "s2")];
    let shared = [MessageId(2), MessageId(5)];
    assert_eq!(show(&arrange(&Scene { shared: &shared, context_length: 1, ..scene(&history, 4) })), ">x ?s1 ?s2 ?lead");
}

#[test]
fn the_replied_to_message_is_moved_before_the_lead() {
    let history = [them(1, "a"), me(2, "r"), them(3, "b"), them(4, "lead")];
    let replied_to = Some(&history[1]);
    let with = |context_length| show(&arrange(&Scene { replied_to, context_length, ..scene(&history, 4) }));
    assert_eq!(with(50), "a b >r ?lead");
    assert_eq!(with(0), ">r ?lead");
    assert_eq!(with(1), "b >r ?lead");
    let old = me(-9, "long ago");
    assert_eq!(show(&arrange(&Scene { replied_to: Some(&old), ..scene(&history, 4) })), "a >r b >long ago ?lead");
}

#[test]
fn a_reply_to_a_shared_message_repeats_nothing() {
    let history = [them(1, "s"), them(2, "lead")];
    let scene = Scene { shared: &[MessageId(1)], replied_to: Some(&history[0]), ..scene(&history, 2) };
    assert_eq!(show(&arrange(&scene)), "?s ?lead");
}

#[test]
fn the_cue_is_cut_and_a_bare_call_answers_what_it_replies_to() {
    let history = [them(1, "вопрос"), me(2, "ответ"), them(3, "Автобус, где ты?"), them(4, "Автобус!")];
    let cut = Scene { lead_text: Some("где ты?"), ..scene(&history, 3) };
    assert_eq!(show(&arrange(&cut)), "вопрос >ответ ?где ты?");
    let bare = Scene { lead_text: Some(" "), context_length: 0, ..scene(&history, 4) };
    assert_eq!(show(&arrange(&bare)), "?Автобус!");
    assert_eq!(show(&arrange(&Scene { replied_to: Some(&history[0]), ..bare })), "?вопрос");
    assert_eq!(show(&arrange(&Scene { replied_to: Some(&history[1]), ..bare })), ">ответ ?Автобус!");
}

#[test]
fn empty_messages_are_skipped_and_dont_count() {
    let history = [them(1, "a"), them(2, " \n"), me(3, ""), them(4, "lead")];
    assert_eq!(show(&arrange(&Scene { context_length: 1, ..scene(&history, 4) })), "a ?lead");
}

#[test]
fn a_lead_that_is_gone_is_asked_by_its_text() {
    let history = [them(8, "later"), me(9, "mine")];
    assert_eq!(show(&arrange(&Scene { lead_text: Some("текст"), ..scene(&history, 4) })), ">mine ?текст");
}
