//! What messages look like: senders, entities, replies, topics, dates.

use serde_json::{Value, json};

use crate::common::{Cast, cast};

async fn seeing_all() -> Cast {
    let mut cast = cast().await;
    cast.bot.set_privacy(maskarad_testbed::Privacy::Off);
    cast.wire = crate::common::Wire::new(&cast.tg, &cast.bot);
    cast
}

async fn last(cast: &Cast) -> Value {
    cast.wire.drain().await.last().unwrap()["message"].clone()
}

#[tokio::test]
async fn entities_count_utf16_units() {
    let cast = cast().await;
    cast.anna.writes_private(&cast.bot, "👋🏽 @avtobus_bot /help@avtobus_bot https://t.me/x");
    let message = last(&cast).await;
    let expected = json!([
        { "type": "mention", "offset": 5, "length": 12 },
        { "type": "bot_command", "offset": 18, "length": 17 },
        { "type": "url", "offset": 36, "length": 14 },
    ]);
    assert_eq!(message["entities"], expected);
    cast.anna.compose_private(&cast.bot).text("👋 Оля и @anna").text_mention("Оля", cast.anna.id()).send();
    let message = last(&cast).await;
    assert_eq!(message["entities"][0]["type"], "text_mention");
    assert_eq!((&message["entities"][0]["offset"], &message["entities"][0]["length"]), (&json!(3), &json!(3)));
    assert_eq!(message["entities"][0]["user"]["id"], cast.anna.id().0);
    assert_eq!(message["entities"][1]["type"], "mention");
}

#[tokio::test]
async fn messages_of_different_chats_can_be_numbered_apart() {
    let tg = maskarad_testbed::Testbed::start().await.unwrap();
    tg.set_numbering(maskarad_testbed::Numbering::Apart);
    let bots = ["one_bot", "two_bot"].map(|name| tg.add_bot(maskarad_testbed::BotSpec::new(name)));
    let anna = tg.add_user(maskarad_testbed::UserSpec::new("Анна"));
    let group = tg.add_group("Друзья");
    let mut messages: Vec<_> = bots.iter().map(|bot| anna.writes_private(bot, "привет")).collect();
    messages.push(anna.writes(&group, "всем привет"));
    messages.push(anna.writes(&tg.migrate(&group), "и здесь"));
    messages.push(anna.writes(&tg.add_forum("Форум"), "и тут"));
    let ids: std::collections::BTreeSet<_> = messages.iter().map(|message| message.message_id.0).collect();
    assert_eq!(ids.len(), messages.len(), "{messages:?}");
    assert_eq!(tg.message(messages[2]).unwrap().text, "всем привет");
    assert!(ids.iter().all(|id| i32::try_from(*id).is_ok()), "Telegram's ids have 31 bits");
}

#[tokio::test]
async fn a_private_message_names_its_author_and_chat() {
    let cast = cast().await;
    let sent = cast.anna.writes_private(&cast.bot, "привет");
    let message = last(&cast).await;
    let id = cast.anna.id().0;
    assert_eq!(
        message["from"],
        json!({ "id": id, "is_bot": false, "first_name": "Анна", "username": "anna", "language_code": "ru" })
    );
    assert_eq!(message["chat"], json!({ "id": id, "type": "private", "first_name": "Анна", "username": "anna" }));
    assert_eq!((sent.chat_id.0, message["message_id"].as_i64().unwrap()), (id, sent.message_id.0));
}

#[tokio::test]
async fn people_behind_groups_and_channels_look_like_bots() {
    let cast = seeing_all().await;
    let group = cast.tg.add_supergroup("Друзья");
    let channel = cast.tg.add_channel("Канал");
    group.add_bot(&cast.bot, &cast.anna);
    cast.anna.compose(&group).text("тайно").anonymously().send();
    let message = last(&cast).await;
    assert_eq!((&message["from"]["id"], &message["from"]["is_bot"]), (&json!(1_087_968_824), &json!(true)));
    assert_eq!(message["sender_chat"]["id"], group.id().0);

    cast.anna.compose(&group).text("как канал").as_channel(&channel).send();
    let message = last(&cast).await;
    assert_eq!(message["from"]["id"], 136_817_688);
    assert_eq!(message["sender_chat"]["id"], channel.id().0);

    cast.anna.compose(&group).text("пост").automatic_forward_from(&channel).send();
    let message = last(&cast).await;
    assert_eq!((&message["from"]["id"], &message["is_automatic_forward"]), (&json!(777_000), &json!(true)));
    assert_eq!(message["forward_origin"]["chat"]["id"], channel.id().0);
}

#[tokio::test]
async fn a_reply_is_shown_one_level_deep() {
    let cast = cast().await;
    let first = cast.anna.writes_private(&cast.bot, "раз");
    let second = cast.anna.replies(first, "два");
    cast.anna.replies(second, "три");
    let message = last(&cast).await;
    assert_eq!(message["reply_to_message"]["text"], "два");
    assert_eq!(message["reply_to_message"].get("reply_to_message"), None);
    assert_eq!(message.get("message_thread_id"), None);
}

#[tokio::test]
async fn topics_carry_their_thread_and_its_start() {
    let cast = seeing_all().await;
    let forum = cast.tg.add_forum("Форум");
    forum.add_bot(&cast.bot, &cast.anna);
    let topic = forum.add_topic("Тема");
    assert!(topic.0 > 1);
    let first = cast.anna.compose(&forum).text("раз").in_topic(topic).send();
    let message = last(&cast).await;
    assert_eq!((&message["message_thread_id"], &message["is_topic_message"]), (&json!(topic), &json!(true)));
    assert_eq!(message["reply_to_message"]["message_id"], topic.0, "an implicit reply to the start");
    assert!(message["reply_to_message"]["forum_topic_created"].is_object());
    assert_eq!(forum.messages().last().unwrap().reply_to, None, "which the transcript knows is none");
    cast.anna.replies(first, "два");
    let message = last(&cast).await;
    assert_eq!(message["message_thread_id"], topic.0, "a reply stays in the topic");
    assert_eq!(message["reply_to_message"]["text"], "раз");
    cast.anna.writes(&forum, "в общую");
    let message = last(&cast).await;
    assert_eq!((message.get("message_thread_id"), message.get("reply_to_message")), (None, None));
}

#[tokio::test]
async fn a_chain_of_replies_in_a_plain_supergroup_carries_a_thread_that_is_none() {
    let cast = seeing_all().await;
    let group = cast.tg.add_supergroup("Друзья");
    group.add_bot(&cast.bot, &cast.anna);
    let first = cast.anna.writes(&group, "раз");
    let second = cast.anna.replies(first, "два");
    cast.anna.replies(second, "три");
    let message = last(&cast).await;
    assert_eq!(message["message_thread_id"], first.message_id.0);
    assert_eq!(message.get("is_topic_message"), None);
    let into = json!({ "chat_id": group.id(), "text": "туда", "message_thread_id": first.message_id });
    let refused = cast.wire.refused("sendMessage", into).await;
    assert_eq!(refused, (400, "Bad Request: message thread not found".to_owned()));
}

#[tokio::test]
async fn dates_can_be_chosen_and_the_clock_shifted() {
    let cast = cast().await;
    cast.anna.compose_private(&cast.bot).text("давно").dated(1_700_000_000).send();
    assert_eq!(last(&cast).await["date"], 1_700_000_000);
    cast.anna.writes_private(&cast.bot, "сейчас");
    let now = last(&cast).await["date"].as_i64().unwrap();
    cast.tg.shift_clock(-3600);
    cast.anna.writes_private(&cast.bot, "час назад");
    let earlier = last(&cast).await["date"].as_i64().unwrap();
    assert!((3598..=3600).contains(&(now - earlier)), "{now} {earlier}");
}
