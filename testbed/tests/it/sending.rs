//! `sendMessage` and its kin: what is refused, what arrives where, and how fast.

use std::time::Duration;

use maskarad_testbed::{Fate, Limits};
use serde_json::json;

use crate::common::{SOON, cast};

#[tokio::test]
async fn texts_are_one_to_4096_utf16_units() {
    let cast = cast().await;
    let chat = cast.anna.writes_private(&cast.bot, "привет").chat_id;
    let say = |text: String| json!({ "chat_id": chat, "text": text });
    let empty = (400, "Bad Request: message text is empty".to_owned());
    assert_eq!(cast.wire.refused("sendMessage", say(" \n\t".to_owned())).await, empty);
    assert_eq!(cast.wire.refused("sendMessage", json!({ "chat_id": chat })).await, empty);
    let too_long = (400, "Bad Request: message is too long".to_owned());
    assert_eq!(cast.wire.refused("sendMessage", say("😀".repeat(2049))).await, too_long);
    cast.wire.ok("sendMessage", say("😀".repeat(2048))).await;
    let sent = cast.wire.ok("sendMessage", say("  с краями \n".to_owned())).await;
    assert_eq!(sent["text"], "с краями");
}

#[tokio::test]
async fn unknown_chats_and_replies_are_refused() {
    let cast = cast().await;
    let chat = cast.anna.writes_private(&cast.bot, "привет").chat_id;
    let not_found = (400, "Bad Request: chat not found".to_owned());
    for stranger in [json!(1), json!(-1), json!("@nobody")] {
        assert_eq!(cast.wire.refused("sendMessage", json!({ "chat_id": stranger, "text": "а" })).await, not_found);
    }
    let foreign = cast.tg.add_supergroup("Чужие");
    assert_eq!(cast.wire.refused("sendMessage", json!({ "chat_id": foreign.id(), "text": "а" })).await, not_found);
    let none = cast.wire.refused("sendMessage", json!({ "text": "а" })).await;
    assert_eq!(none, (400, "Bad Request: chat_id is empty".to_owned()));
    let to_bot = cast.wire.refused("sendMessage", json!({ "chat_id": cast.other.id(), "text": "а" })).await;
    assert_eq!(to_bot, (403, "Forbidden: bot can't send messages to bots".to_owned()));

    let gone = json!({ "chat_id": chat, "text": "а", "reply_parameters": "{\"message_id\":77}" });
    let refused = cast.wire.refused("sendMessage", gone).await;
    assert_eq!(refused, (400, "Bad Request: message to be replied not found".to_owned()));
    let lenient = json!({ "message_id": 77, "allow_sending_without_reply": true });
    let sent = cast.wire.ok("sendMessage", json!({ "chat_id": chat, "text": "а", "reply_parameters": lenient })).await;
    assert_eq!(sent.get("reply_to_message"), None);
}

#[tokio::test]
async fn a_deleted_message_can_not_be_answered() {
    let cast = cast().await;
    let message = cast.anna.writes_private(&cast.bot, "привет");
    let reply = json!({ "chat_id": message.chat_id, "text": "а", "reply_to_message_id": message.message_id });
    cast.wire.ok("sendMessage", reply.clone()).await;
    cast.anna.deletes(message);
    assert_eq!(cast.wire.refused("sendMessage", reply).await.0, 400);
}

#[tokio::test]
async fn topics_are_checked_and_answers_stay_in_theirs() {
    let cast = cast().await;
    let forum = cast.tg.add_forum("Форум");
    forum.add_bot(&cast.bot, &cast.anna);
    let topic = forum.add_topic("Тема");
    let question = cast.anna.compose(&forum).text("раз").in_topic(topic).send();
    let into = |thread: i64| json!({ "chat_id": forum.id(), "text": "а", "message_thread_id": thread });
    for missing in [1, 777, question.message_id.0] {
        let refused = cast.wire.refused("sendMessage", into(missing)).await;
        assert_eq!(refused, (400, "Bad Request: message thread not found".to_owned()), "{missing}");
    }
    let sent = cast.wire.ok("sendMessage", into(topic.0)).await;
    assert_eq!((&sent["message_thread_id"], &sent["is_topic_message"]), (&json!(topic), &json!(true)));
    let reply =
        json!({ "chat_id": forum.id(), "text": "а", "reply_parameters": { "message_id": question.message_id } });
    cast.wire.ok("sendMessage", reply).await;
    let answer = cast.tg.wait_answer(question, SOON).await.unwrap();
    assert_eq!((answer.thread, answer.reply_to), (Some(topic), Some(question.message_id)));
    let typing = |thread: i64| json!({ "chat_id": forum.id(), "action": "typing", "message_thread_id": thread });
    cast.wire.ok("sendChatAction", typing(1)).await;
    cast.wire.ok("sendChatAction", typing(topic.0)).await;
    cast.wire.refused("sendChatAction", typing(777)).await;
    assert_eq!(cast.bot.chat_actions().len(), 2);
}

#[tokio::test]
async fn the_transcript_and_the_log_tell_everything() {
    let cast = cast().await;
    let message = cast.anna.writes_private(&cast.bot, "привет");
    let params = json!({ "chat_id": message.chat_id, "text": "раз", "link_preview_options": { "is_disabled": true } });
    let sent = cast.wire.ok("sendMessage", params.clone()).await;
    let id = &sent["message_id"];
    cast.wire.ok("editMessageText", json!({ "chat_id": message.chat_id, "message_id": id, "text": "два" })).await;
    let transcript = cast.tg.private(&cast.anna, &cast.bot).messages();
    assert_eq!(transcript.iter().map(|said| said.text.as_str()).collect::<Vec<_>>(), ["привет", "два"]);
    assert_eq!(transcript[1].fate, Fate::Edited);
    assert!(transcript[0].sequence < transcript[1].sequence);
    assert_eq!(json!(cast.tg.sent_by(&cast.bot)[0].params), params);
    assert_eq!(json!(cast.tg.requests(&cast.bot)[0].params), params);
    let same = json!({ "chat_id": message.chat_id, "message_id": id, "text": "два" });
    assert!(cast.wire.refused("editMessageText", same).await.1.starts_with("Bad Request: message is not modified"));
    let foreign = json!({ "chat_id": message.chat_id, "message_id": message.message_id, "text": "два" });
    assert_eq!(cast.wire.refused("editMessageText", foreign).await.1, "Bad Request: message can't be edited");
}

#[tokio::test]
async fn limits_are_off_until_asked_for() {
    let cast = cast().await;
    let group = cast.tg.add_supergroup("Друзья");
    group.add_bot(&cast.bot, &cast.anna);
    let say = json!({ "chat_id": group.id(), "text": "а" });
    for _ in 0..30 {
        cast.wire.ok("sendMessage", say.clone()).await;
    }
    cast.tg.set_limits(Limits::Telegram);
    cast.wire.ok("sendMessage", say.clone()).await;
    let (status, body) = cast.wire.call("sendMessage", say.clone()).await;
    assert_eq!((status, &body["parameters"]["retry_after"]), (429, &json!(1)));
    tokio::time::sleep(Duration::from_millis(1050)).await;
    cast.wire.ok("sendMessage", say).await;
}

#[tokio::test]
async fn waiting_ends_with_the_event_or_the_time() {
    let cast = cast().await;
    let message = cast.anna.writes_private(&cast.bot, "привет");
    cast.tg.wait_sent(&cast.bot, 1, Duration::from_millis(50)).await.unwrap_err();
    let (tg, bot) = (cast.tg.clone(), cast.bot.clone());
    let waiting = tokio::spawn(async move { tg.wait_sent(&bot, 1, SOON).await.unwrap() });
    cast.wire.ok("sendMessage", json!({ "chat_id": message.chat_id, "text": "ответ" })).await;
    assert_eq!(waiting.await.unwrap()[0].text, "ответ");
    cast.tg.wait_confirmed(&cast.bot, Duration::from_millis(50)).await.unwrap_err();
    cast.wire.drain().await;
    cast.tg.wait_confirmed(&cast.bot, SOON).await.unwrap();
}
