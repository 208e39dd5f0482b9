//! Who sees what: the table of privacy mode.

use maskarad_testbed::{BotMessages, BotSpec, Group, MessageRef, Privacy, PrivacyMentions};
use serde_json::json;

use crate::common::{Cast, Wire, cast, waiting_texts};

/// Both bots in one group, each having said something; `other` said it last.
async fn group() -> (Cast, Group, MessageRef) {
    let cast = cast().await;
    let group = cast.tg.add_supergroup("Друзья");
    for bot in [&cast.bot, &cast.other] {
        group.add_bot(bot, &cast.anna);
        Wire::new(&cast.tg, bot).ok("sendMessage", json!({ "chat_id": group.id(), "text": "я тут" })).await;
    }
    let said = cast.tg.sent_by(&cast.bot)[0].message();
    forget(&cast).await;
    (cast, group, said)
}

async fn forget(cast: &Cast) {
    for bot in [&cast.bot, &cast.other] {
        Wire::new(&cast.tg, bot).drain().await;
    }
}

#[derive(Debug, PartialEq)]
enum Sees {
    First,
    Second,
    Both,
    None,
}

fn who_sees(cast: &Cast) -> Sees {
    match (waiting_texts(&cast.bot).len(), waiting_texts(&cast.other).len()) {
        (1, 0) => Sees::First,
        (0, 1) => Sees::Second,
        (1, 1) => Sees::Both,
        (0, 0) => Sees::None,
        more => panic!("{more:?}"),
    }
}

#[tokio::test]
async fn privacy_mode_lets_through_what_is_meant_for_a_bot() {
    let (cast, group, said) = group().await;
    let table = [
        ("просто слова", None, Sees::None),
        ("ответ", Some(said), Sees::First),
        ("/help@avtobus_bot", None, Sees::First),
        ("/help@POLKSON_bot", None, Sees::Second),
        ("/help@someone_else_bot", None, Sees::None),
        ("/help", None, Sees::Second),
        ("👋 @avtobus_bot, ты тут?", None, Sees::First),
        ("@avtobus_bot2, ты тут?", None, Sees::None),
        ("@polkson_bot, глянь", Some(said), Sees::First),
        ("/help@polkson_bot про @avtobus_bot", None, Sees::Second),
    ];
    for (text, answered, expected) in table {
        match answered {
            Some(message) => cast.anna.replies(message, text),
            None => cast.anna.writes(&group, text),
        };
        assert_eq!(who_sees(&cast), expected, "{text}");
        forget(&cast).await;
    }
}

#[tokio::test]
async fn captions_text_mentions_and_inline_messages_count_too() {
    let (cast, group, _) = group().await;
    cast.anna.compose(&group).photo("глянь @avtobus_bot").send();
    cast.anna.compose(&group).text("Автобус, эй").text_mention("Автобус", cast.bot.id()).send();
    cast.anna.compose(&group).text("через бота").via(&cast.bot).send();
    assert_eq!((cast.bot.pending_updates(), cast.other.pending_updates()), (3, 0));
    forget(&cast).await;
    cast.tg.set_privacy_mentions(PrivacyMentions::Withheld);
    cast.anna.writes(&group, "@avtobus_bot");
    assert_eq!(who_sees(&cast), Sees::None);
}

#[tokio::test]
async fn a_command_for_nobody_reaches_all_when_no_bot_has_written() {
    let cast = cast().await;
    let group = cast.tg.add_supergroup("Друзья");
    group.add_bot(&cast.bot, &cast.anna);
    group.add_bot(&cast.other, &cast.anna);
    forget(&cast).await;
    cast.anna.writes(&group, "/help");
    assert_eq!(who_sees(&cast), Sees::Both);
}

#[tokio::test]
async fn administrators_and_bots_without_privacy_see_everything_people_write() {
    let (cast, group, said) = group().await;
    group.promote_bot(&cast.bot);
    let third = cast.tg.add_bot(BotSpec::new("third_bot").privacy(false));
    group.add_bot(&third, &cast.anna);
    forget(&cast).await;
    Wire::new(&cast.tg, &third).drain().await;
    cast.anna.writes(&group, "просто слова");
    assert_eq!(who_sees(&cast), Sees::First);
    assert_eq!(waiting_texts(&third), ["просто слова"]);
    forget(&cast).await;
    cast.anna.replies(said, "ответ первому");
    assert_eq!(waiting_texts(&third).len(), 2);

    group.demote_bot(&cast.bot);
    forget(&cast).await;
    cast.anna.writes(&group, "опять слова");
    assert_eq!(who_sees(&cast), Sees::None);
}

#[tokio::test]
async fn switching_privacy_takes_re_adding() {
    let (cast, group, _) = group().await;
    cast.bot.set_privacy(Privacy::Off);
    assert_eq!(cast.wire.ok("getMe", json!({})).await["can_read_all_group_messages"], true);
    group.promote_bot(&cast.bot);
    group.demote_bot(&cast.bot);
    forget(&cast).await;
    cast.anna.writes(&group, "ещё не видно");
    assert_eq!(who_sees(&cast), Sees::None);
    group.remove_bot(&cast.bot, &cast.anna);
    group.add_bot(&cast.bot, &cast.anna);
    forget(&cast).await;
    cast.anna.writes(&group, "теперь видно");
    assert_eq!(who_sees(&cast), Sees::First);
}

#[tokio::test]
async fn bots_are_deaf_to_bots_unless_told_otherwise() {
    let (cast, group, said) = group().await;
    let wire = Wire::new(&cast.tg, &cast.other);
    let reply =
        json!({ "chat_id": group.id(), "text": "ответ", "reply_parameters": { "message_id": said.message_id } });
    wire.ok("sendMessage", reply.clone()).await;
    assert_eq!(who_sees(&cast), Sees::None);
    cast.tg.set_bot_messages(BotMessages::Delivered);
    wire.ok("sendMessage", reply).await;
    assert_eq!(who_sees(&cast), Sees::First);
    assert_eq!(cast.bot.pending()[0]["message"]["from"]["is_bot"], true);
}

#[tokio::test]
async fn a_private_message_is_for_one_bot() {
    let cast = cast().await;
    cast.anna.writes_private(&cast.bot, "тебе");
    assert_eq!(who_sees(&cast), Sees::First);
    cast.anna.writes_private(&cast.other, "и тебе");
    assert_eq!(who_sees(&cast), Sees::Both);
    let (mine, its) = (&cast.bot.pending()[0], &cast.other.pending()[0]);
    assert_eq!(mine["message"]["chat"]["id"], its["message"]["chat"]["id"], "one id, two chats");
    assert_eq!(cast.tg.private(&cast.anna, &cast.bot).messages().len(), 1);
}

#[tokio::test]
async fn service_messages_reach_everyone_and_edits_follow_the_rules() {
    let (cast, group, _) = group().await;
    group.service("new_chat_title", json!("Враги"));
    assert_eq!((cast.bot.pending_updates(), cast.other.pending_updates()), (1, 1));
    forget(&cast).await;
    let message = cast.anna.writes(&group, "слова");
    cast.anna.edits(message, "слова для @avtobus_bot");
    let edit = &cast.bot.pending()[0]["edited_message"];
    assert_eq!(edit["text"], "слова для @avtobus_bot");
    assert_eq!(edit["entities"][0]["offset"], 10);
    assert!(edit["edit_date"].is_i64());
    assert_eq!(cast.other.pending_updates(), 0);
}
